import { describe, expect, test } from 'vitest'
import { adviceOf, operationRefusal, operationVerbs } from './permits.ts'
import { hasEnded, operationKinds, operationStates } from './states.ts'

describe('what may be asked of an operation', () => {
  test.each(operationKinds)('%s: one that has ended can be cancelled no more, and only a stuck one is resolved', kind => {
    for (const state of operationStates) {
      if (hasEnded(state)) expect(operationRefusal('cancel', { kind, state })).not.toBeNull()
      expect(operationRefusal('resolve', { kind, state }) === null).toBe(state === 'stuck')
    }
  })

  test.each(operationKinds)('%s: one that waits may always be tried at once', kind => {
    for (const state of ['running', 'parked', 'undoing'] as const) expect(operationRefusal('retry', { kind, state })).toBeNull()
  })

  test('a launch is cancelled by deleting, what was asked of a guest is not taken back, and a delete must finish', () => {
    expect(operationRefusal('cancel', { kind: 'machine.create', state: 'parked' })).toBeNull()
    expect(operationRefusal('cancel', { kind: 'machine.stop', state: 'parked' })).toBe('took_effect')
    expect(operationRefusal('cancel', { kind: 'machine.delete', state: 'running' })).toBe('must_finish')
  })

  test('a launch that failed is launched again, not retried', () => {
    expect(operationRefusal('retry', { kind: 'machine.create', state: 'failed' })).toBe('never_ran')
    expect(adviceOf({ kind: 'machine.create', state: 'failed' })).toBe('launch_again')
    expect(adviceOf({ kind: 'machine.start', state: 'failed' })).toBe('retry')
  })

  test('whatever its state, an operation says what to do next', () => {
    for (const kind of operationKinds)
      for (const state of operationStates) {
        const advice = adviceOf({ kind, state })
        if (advice === 'retry') expect(operationRefusal('retry', { kind, state })).toBeNull()
        if (state === 'stuck')
          expect(operationVerbs.filter(verb => operationRefusal(verb, { kind, state }) === null)).toEqual(['resolve'])
      }
  })
})
