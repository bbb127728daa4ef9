import { describe, expect, test } from 'vitest'
import type { FoundMachine } from '../ports/compute.ts'
import { type MachineFacts, noFacts, notedPhases } from './facts.ts'
import { noticed, plan, type View } from './plan.ts'
import type { MoveView } from './plan-move.ts'

const move = (more: Partial<MoveView> = {}): MoveView => ({
  id: 'mig_1',
  role: 'from',
  secret: '',
  endpoint: null,
  off: false,
  listening: false,
  ...more,
})
const found = (power: FoundMachine['power']): FoundMachine => ({ id: 'vm_a', power, cause: 'unknown', shape: '', run: '' })
const ran: MachineFacts = { ...noFacts, generation: 3, applied: 3, ran: true, up: true, started: 3 }
const view = (more: Partial<View>): View => ({
  id: 'vm_a',
  wanted: { generation: 3, power: 'on', move: move() },
  found: undefined,
  facts: ran,
  now: 0,
  ...more,
})
const endpoint = { address: '192.0.2.2', port: 4_800 }
const starts = ({ steps }: ReturnType<typeof plan>) => steps.includes('start')

describe('on the host that a machine leaves', () => {
  const from = (more: Partial<MoveView> = {}, facts: MachineFacts = ran, power: FoundMachine['power'] | null = 'running') =>
    plan(
      view({
        wanted: { generation: 3, power: 'on', move: move(more) },
        facts,
        found: power === null ? undefined : found(power),
      }),
    )

  test('it leaves once the other host listens, and only once', () => {
    expect(from().steps).toEqual([])
    expect(from({ endpoint }).steps).toEqual(['leave'])
    for (const phase of ['moving', 'left', 'stayed', 'unknown'] as const)
      expect(from({ endpoint }, { ...ran, move: { id: 'mig_1', phase } }).steps).toEqual([])
  })

  test('a move that was called off does not begin any more', () => {
    expect(from({ endpoint, off: true }).steps).toEqual([])
  })

  test('nothing starts it, whatever is seen and known of it', () => {
    for (const power of ['stopped', 'crashed', 'paused', null] as const)
      for (const phase of notedPhases) {
        expect(starts(from({}, { ...ran, up: false, off: 'unknown' }, power))).toBe(false)
        expect(starts(from({ endpoint }, { ...ran, up: false, move: { id: 'mig_1', phase } }, power))).toBe(false)
      }
  })

  test('once it is told of the move no longer, it runs on here', () => {
    const facts: MachineFacts = { ...ran, move: { id: 'mig_1', phase: 'unknown' } }
    expect(plan(view({ wanted: { generation: 3, power: 'on' }, facts, found: found('paused') })).steps).toEqual(['stay'])
  })

  test('its tombstone removes it as any other', () => {
    const facts: MachineFacts = { ...ran, move: { id: 'mig_1', phase: 'left' } }
    expect(plan(view({ wanted: { generation: 4, power: 'gone' }, facts, found: found('stopped') })).steps).toEqual([
      'undefine',
      'remove',
      'unplug',
    ])
  })
})

describe('on the host that a machine goes to', () => {
  const to = (more: Partial<MoveView> = {}, facts: MachineFacts = noFacts, power: FoundMachine['power'] | null = null) =>
    view({
      wanted: { generation: 3, power: 'on', move: move({ role: 'to', ...more }) },
      facts,
      found: power === null ? undefined : found(power),
    })

  test('room is made and the other host is listened for; a paused guest is one that is still coming', () => {
    expect(plan(to()).steps).toEqual(['network', 'fetch', 'prepare', 'listen'])
    expect(plan(to({ listening: true })).steps).toEqual([])
    expect(plan(to({ listening: true }, noFacts, 'paused')).steps).toEqual([])
    expect(noticed(to({}, noFacts, 'paused'))).toBeNull()
  })

  test('nothing starts it before it has arrived', () => {
    for (const power of ['stopped', 'crashed', 'paused', 'running', null] as const)
      for (const off of [true, false]) expect(starts(plan(to({ off }, noFacts, power)))).toBe(false)
  })

  test('what runs has arrived, also where the move was called off meanwhile', () => {
    for (const off of [true, false])
      expect(plan(to({ off }, noFacts, 'running')).steps).toEqual(['network', 'fetch', 'prepare', 'adopt'])
  })

  test('what began to run here and is gone again is defined all the same: it is nowhere else', () => {
    const facts: MachineFacts = { ...ran, move: { id: 'mig_1', phase: 'came' } }
    expect(plan(to({ off: true }, facts)).steps).toContain('adopt')
  })

  test('called off before it came, it is refused, once', () => {
    expect(plan(to({ off: true })).steps).toEqual(['refuse'])
    expect(plan(to({ off: true }, { ...noFacts, move: { id: 'mig_1', phase: 'nothing' } })).steps).toEqual([])
  })
})
