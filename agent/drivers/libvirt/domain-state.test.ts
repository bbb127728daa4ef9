import { expect, test } from 'vitest'
import { canResume, isOff, seenOf } from './domain-state.ts'

test.each([
  ['running', 1, 1, 'running', 'unknown'],
  ['waiting for a device', 2, 0, 'running', 'unknown'],
  ['paused by a user', 3, 1, 'paused', 'unknown'],
  ['shutting down', 4, 1, 'stopping', 'unknown'],
  ['shut down by its guest', 5, 1, 'stopped', 'guest'],
  ['destroyed', 5, 2, 'stopped', 'asked'],
  ['crashed', 5, 3, 'crashed', 'crash'],
  ['off since before libvirtd started', 5, 0, 'stopped', 'unknown'],
  ['lost by libvirtd', 5, 8, 'stopped', 'unknown'],
  ['crashed and kept', 6, 1, 'crashed', 'crash'],
  ['asleep', 7, 0, 'paused', 'unknown'],
] as const)('%s', (_, state, reason, power, cause) => {
  expect(seenOf({ state, reason, saved: false })).toEqual({ power, cause })
  expect(isOff({ state, reason })).toBe(power === 'stopped' || power === 'crashed')
})

test('off with its memory kept is suspended, whatever it was off by', () => {
  for (const reason of [0, 5]) expect(seenOf({ state: 5, reason, saved: true })).toEqual({ power: 'suspended', cause: 'asked' })
})

test('a start ends the pauses that nothing else ends', () => {
  expect(canResume({ state: 3, reason: 1 })).toBe(true)
  expect(canResume({ state: 3, reason: 5 })).toBe(true)
  expect(canResume({ state: 3, reason: 2 })).toBe(false)
  expect(canResume({ state: 5, reason: 1 })).toBe(false)
})
