import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { hasEnded, processStat } from './process-stat.ts'

const line = (name: string, state = 'S') =>
  `4711 (${name}) ${state} 1 4711 4711 0 -1 4194560 100 0 0 0 1 2 3 4 20 0 1 0 987654 1000 50 18446744073709551615\n`

test.each(['node', 'a b', 'a) Z (b', ''])('a process named %j is read by its fields', name => {
  expect(processStat(line(name))).toEqual({ state: 'S', started: '987654' })
})

test('who waits to be reaped has ended', () => {
  const ended = (state: string) => {
    const stat = processStat(line('node', state))
    return stat && hasEnded(stat)
  }
  expect(['Z', 'X', 'S', 'R', 'D', 'T'].map(ended)).toEqual([true, true, false, false, false, false])
})

test('what is none gives nothing', () => {
  expect(processStat('')).toBeUndefined()
  expect(processStat('4711 (node)')).toBeUndefined()
})

test('this process runs, and was started after the boot', () => {
  const stat = processStat(readFileSync('/proc/self/stat', 'utf8'))
  expect(stat && hasEnded(stat)).toBe(false)
  expect(Number(stat?.started)).toBeGreaterThan(0)
})
