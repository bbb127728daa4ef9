import { limits } from '@sirocco/shared/model/limits.ts'
import { powers } from '@sirocco/shared/model/machines/states.ts'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { FoundMachine } from '../ports/compute.ts'
import { causes, type MachineFacts, machineSteps, noFacts } from './facts.ts'
import { isOn, isUp, noticed, plan, type View } from './plan.ts'

const now = 1_800_000_000_000
const found = fc.option(
  fc.record<FoundMachine>({
    id: fc.constant('vm_a'),
    power: fc.constantFrom('running', 'paused', 'stopping', 'stopped', 'suspended', 'crashed'),
    cause: fc.constantFrom(...causes),
    shape: fc.constant('s'),
    run: fc.constant(''),
  }),
  { nil: undefined },
)
const generation = fc.integer({ min: -1, max: 3 })
const time = fc.option(fc.integer({ min: now - 2 * limits.stopGrace, max: now + 1_000 }))
const facts: fc.Arbitrary<MachineFacts> = fc
  .record({
    generation,
    applied: generation,
    failed: fc.boolean(),
    failing: fc.boolean(),
    ran: fc.boolean(),
    started: generation,
    up: fc.boolean(),
    off: fc.option(fc.constantFrom(...causes)),
    crashes: fc.array(fc.integer({ min: now - 2 * limits.crashWindow, max: now }), { maxLength: 5 }),
    askedAt: time,
    askedLast: time,
    step: fc.option(fc.constantFrom(...machineSteps)),
  })
  .map(({ failed, failing, off, ...rest }) => ({
    ...rest,
    ...(failed ? { fault: { code: 'internal' as const, message: 'x' } } : {}),
    ...(failing ? { failing: { code: 'internal' as const, message: 'x' } } : {}),
    ...(off ? { off } : {}),
  }))
const wanted = fc.option(fc.record({ generation: fc.integer({ min: 0, max: 3 }), power: fc.constantFrom(...powers) }), {
  nil: undefined,
})
const view: fc.Arbitrary<View> = fc.record({ id: fc.constant('vm_a'), wanted, found, facts, now: fc.constant(now) })

test('starts only what is wanted on and is off; removes only by a tombstone, or what never ran and failed', () => {
  fc.assert(
    fc.property(view, view => {
      const { steps } = plan(view)
      if (steps.includes('start'))
        expect([view.wanted?.power, isOn(view.found) && view.found?.power !== 'paused']).toEqual(['on', false])
      for (const [step, power] of [
        ['pause', 'paused'],
        ['suspend', 'suspended'],
      ] as const)
        if (steps.includes(step)) expect([view.wanted?.power, isOn(view.found)]).toEqual([power, true])
      if (steps.includes('remove')) expect(view.wanted?.power === 'gone' || view.facts.failing !== undefined).toBe(true)
      if (steps.includes('cut')) expect(isUp(view.found)).toBe(true)
      if (!view.wanted || view.wanted.generation < view.facts.generation) expect(steps).toEqual([])
    }),
  )
})

test('a machine that is as it is wanted is left alone', () => {
  const at = (power: FoundMachine['power']): FoundMachine => ({ id: 'vm_a', power, cause: 'asked', shape: 's', run: '' })
  const done = { ...noFacts, generation: 2, applied: 2, started: 2, ran: true }
  const views: [View['wanted'], FoundMachine | undefined, MachineFacts][] = [
    [{ generation: 2, power: 'on' }, at('running'), { ...done, up: true }],
    [{ generation: 2, power: 'off' }, at('stopped'), done],
    [{ generation: 2, power: 'cut' }, undefined, done],
    [{ generation: 2, power: 'paused' }, at('paused'), { ...done, up: true }],
    [{ generation: 2, power: 'suspended' }, at('suspended'), done],
    [{ generation: 2, power: 'paused' }, at('stopped'), done],
    [{ generation: 2, power: 'gone' }, undefined, done],
    [undefined, at('running'), noFacts],
  ]
  for (const [wanted, found, facts] of views) expect(plan({ id: 'vm_a', wanted, found, facts, now })).toEqual({ steps: [] })
})

test('what was noticed once is not noticed again', () => {
  fc.assert(
    fc.property(view, view => {
      const change = noticed(view)
      if (change?.note === 'off') expect(isOn(view.found)).toBe(false)
      if (change?.note === 'up') expect(isOn(view.found)).toBe(true)
      if (change === null && !isOn(view.found)) expect(view.facts.up).toBe(false)
    }),
  )
})

test('a start whose end was not written down happened only where the guest has left a trace', () => {
  const facts: MachineFacts = { ...noFacts, generation: 1, step: 'start' }
  const off = (cause: FoundMachine['cause']): FoundMachine => ({ id: 'vm_a', power: 'stopped', cause, shape: 's', run: '' })
  const view = (cause: FoundMachine['cause']): View => ({
    id: 'vm_a',
    wanted: { generation: 1, power: 'on' },
    found: off(cause),
    facts,
    now,
  })
  expect(noticed(view('guest'))).toMatchObject({ note: 'off', cause: 'guest' })
  expect(noticed(view('crash'))).toMatchObject({ note: 'off', cause: 'crash' })
  expect(noticed(view('unknown'))).toBeNull()
})
