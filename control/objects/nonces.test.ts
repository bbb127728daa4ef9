import { limits } from '@sirocco/shared/model/limits.ts'
import { describe, expect, test } from 'vitest'
import { type Nonces, withNonce } from './nonces.ts'

const now = 1_800_000_000_000

describe('the nonces of an agent', () => {
  test('count once, for as long as the clock would let their signature pass', () => {
    const once = withNonce({}, 'a', now, now)
    if (!once) throw new Error('refused')
    expect(withNonce(once, 'a', now, now)).toBeNull()
    expect(withNonce(once, 'a', now, now + limits.clockSkew)).toBeNull()
    // Signed by a clock that is ahead, it passes for longer.
    const ahead = withNonce({}, 'b', now + limits.clockSkew, now)
    if (!ahead) throw new Error('refused')
    const later = withNonce(ahead, 'c', now, now + limits.clockSkew + 1)
    if (!later) throw new Error('refused')
    expect(withNonce(later, 'b', now + limits.clockSkew, now + 2 * limits.clockSkew)).toBeNull()
  })
  test('are forgotten once their signature is too old to pass', () => {
    expect(withNonce({ old: now }, 'new', now + limits.clockSkew + 1, now + limits.clockSkew + 1)).toEqual({
      new: now + limits.clockSkew + 1,
    })
  })
  test('are bounded: the oldest goes first', () => {
    let kept: Nonces = {}
    for (let i = 0; i < limits.nonces + 10; i++) kept = withNonce(kept, `n${i}`, now + i, now) ?? {}
    expect(Object.keys(kept)).toHaveLength(limits.nonces)
    expect(kept).not.toHaveProperty('n0')
    expect(kept).toHaveProperty(`n${limits.nonces + 9}`)
  })
  test('named as properties that every object has are nonces like others', () => {
    expect(withNonce({}, 'constructor', now, now)).toEqual({ constructor: now })
  })
})
