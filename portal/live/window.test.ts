import { describe, expect, it } from 'vitest'
import { differences } from './use-order.ts'
import { windowOf } from './use-window.ts'

describe('the window of a long table', () => {
  it('shows the rows in view and some more each way', () => {
    expect(windowOf(44_000, 880, 10_000, 44)).toEqual({ from: 988, to: 1_032 })
  })
  it('begins at the first row and ends at the last', () => {
    expect(windowOf(0, 880, 10, 44)).toEqual({ from: 0, to: 10 })
    expect(windowOf(-500, 880, 10, 44)).toEqual({ from: 0, to: 10 })
  })
  it('still shows something when the table became shorter than what was scrolled', () => {
    const { from, to } = windowOf(44_000, 880, 3, 44)
    expect(to - from).toBeGreaterThan(0)
  })
  it('is empty for no rows', () => {
    expect(windowOf(0, 880, 0, 44)).toEqual({ from: 0, to: 0 })
  })
})

describe('the changes that a held order counts', () => {
  it('are none when only values changed', () => {
    expect(differences(['a', 'b'], ['a', 'b'])).toBe(0)
  })
  it('are what came, what left and what moved', () => {
    expect(differences(['a', 'b'], ['a', 'b', 'c'])).toBe(1)
    expect(differences(['a', 'b', 'c'], ['a', 'c'])).toBe(1)
    expect(differences(['a', 'b'], ['b', 'a'])).toBe(2)
  })
})
