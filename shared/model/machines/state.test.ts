import { describe, expect, test } from 'vitest'
import { stateOf } from './state.ts'
import { machineStates, machineVerbs, powers, seenPowers } from './states.ts'
import { refusal, verdictOf } from './transitions.ts'

const desired = { power: 'on', generation: 2, ran: true, goneAt: null, failed: false } as const
const seen = (power: (typeof seenPowers)[number], appliedGeneration = 2, cause: 'guest' | 'crash' | null = null) => ({
  power,
  appliedGeneration,
  cause,
})

describe('the state of a machine', () => {
  const cases = [
    ['creating', { ...desired, ran: false }, null, true],
    ['running', desired, seen('running'), true],
    ['paused', desired, seen('paused'), true],
    ['starting', desired, seen('stopped', 1), true],
    ['stopped', desired, seen('stopped', 2, 'guest'), true],
    ['starting', desired, seen('stopped', 2, 'crash'), true],
    ['stopping', { ...desired, power: 'off' }, seen('running'), true],
    ['stopped', { ...desired, power: 'off' }, seen('stopped'), true],
    ['stopping', { ...desired, power: 'cut', ran: false }, null, true],
    ['deleting', { ...desired, power: 'gone' }, seen('running'), true],
    ['gone', { ...desired, power: 'gone', goneAt: 5 }, seen('absent'), true],
    ['failed', { ...desired, failed: true, ran: false }, seen('absent'), true],
    ['unknown', desired, seen('running'), false],
    ['deleting', { ...desired, power: 'gone' }, seen('running'), false],
    ['gone', { ...desired, goneAt: 5 }, null, false],
  ] as const
  for (const [state, facts, observed, observerAlive] of cases)
    test(`is ${state} where ${JSON.stringify({ ...facts, observed, observerAlive })}`, () => {
      expect(stateOf({ desired: facts, observed, observerAlive })).toBe(state)
    })

  test('has an answer for every combination of facts', () => {
    for (const power of powers)
      for (const ran of [true, false])
        for (const failed of [true, false])
          for (const observed of [null, ...seenPowers.flatMap(p => [seen(p, 1), seen(p, 2)])])
            for (const observerAlive of [true, false])
              expect(machineStates).toContain(stateOf({ desired: { ...desired, power, ran, failed }, observed, observerAlive }))
  })
})

describe('the table of transitions', () => {
  test('refuses with a reason exactly where it neither accepts nor is done', () => {
    for (const verb of machineVerbs)
      for (const state of machineStates)
        expect(refusal(verb, state) === null).toBe(['accept', 'supersede', 'done'].includes(verdictOf(verb, state)))
  })
  test('accepts delete in every state', () => {
    for (const state of machineStates) expect(refusal('delete', state)).toBeNull()
  })
})
