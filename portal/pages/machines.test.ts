import { machineStates, machineVerbs } from '@sirocco/shared/model/machines/states.ts'
import { refusal, verdictOf } from '@sirocco/shared/model/machines/transitions.ts'
import { describe, expect, it } from 'vitest'
import type { FeedEvent, Machine, Operation } from '../api/types.ts'
import { en } from '../locales/en.ts'
import { restsOf } from './machine-actions.ts'
import { compareMachines, matches } from './machine-order.ts'
import { operationButtons } from './operation-buttons.ts'
import { plainText } from './plain-text.ts'
import { timelineOf } from './timeline.ts'

const machine = (id: string, more: Partial<Machine> = {}): Machine => ({
  id,
  ec2Id: 'i-0abc',
  name: id,
  state: 'running',
  allowed: {
    start: null,
    stop: null,
    reboot: null,
    pause: null,
    suspend: null,
    resume: null,
    delete: null,
    rename: null,
    protect: null,
    resize: null,
    userData: null,
    snapshot: null,
    revert: null,
    rescue: null,
    unrescue: null,
  },
  stateReason: null,
  progress: null,
  region: 'local',
  zone: 'locala',
  flavor: { name: 't3.micro', vcpus: 2, memoryMiB: 1_024, diskMiB: 8_192 },
  image: { id: 'img_1', ec2Id: 'ami-1' },
  keyPair: null,
  placementGroup: null,
  hostTags: {},
  addresses: ['10.64.0.7'],
  ports: [],
  volumes: [],
  rescue: null,
  tags: {},
  reservation: 'r-1',
  onGuestShutdown: 'stop',
  protected: false,
  firmware: 'bios',
  recover: 'no',
  generation: 1,
  createdAt: '2026-11-22T12:00:00.000Z',
  ranAt: null,
  ...more,
})

describe('the buttons of a machine', () => {
  it('rest exactly where the shared table accepts nothing new, and always say why', () => {
    for (const state of machineStates)
      for (const verb of machineVerbs) {
        const rest = restsOf(state, 'operator')[verb]
        const verdict = verdictOf(verb, state)
        expect([state, verb, rest === null]).toEqual([state, verb, verdict === 'accept' || verdict === 'supersede'])
        if (rest !== null) expect(en.reasons[rest]).toBeTruthy()
        if (refusal(verb, state)) expect(rest).toBe(refusal(verb, state))
      }
  })
  it('all rest for who may only look', () => {
    expect(Object.values(restsOf('running', 'viewer'))).toEqual(machineVerbs.map(() => 'role'))
  })
})

describe('the list of machines', () => {
  it('finds by name, address and either id', () => {
    const one = machine('vm_1', { name: 'Web-1' })
    expect(['web', ' WEB ', '64.0.7', 'i-0ABC', 'vm_1', ''].map(text => matches(one, text))).toEqual(Array(6).fill(true))
    expect(matches(one, 'db')).toBe(false)
  })
  it('sorts names as people count', () => {
    const sorted = ['web-10', 'web-2', 'Web-1'].map(id => machine(id)).sort(compareMachines('name', false))
    expect(sorted.map(each => each.id)).toEqual(['Web-1', 'web-2', 'web-10'])
  })
  it('keeps equal ones in the order of their ids, either way', () => {
    const rows = ['vm_2', 'vm_1', 'vm_3'].map(id => machine(id))
    expect([...rows].sort(compareMachines('zone', false)).map(each => each.id)).toEqual(['vm_1', 'vm_2', 'vm_3'])
    expect([...rows].sort(compareMachines('zone', true)).map(each => each.id)).toEqual(['vm_3', 'vm_2', 'vm_1'])
  })
})

describe('the buttons of an operation', () => {
  const allowed = { retry: null, cancel: 'took_effect', resolve: 'is_not_stuck' } as const
  const of = (more: Partial<Operation>) => ({ state: 'parked', allowed, waiting: 'x', ...more }) as Operation
  it('say why they rest, and are not there where nothing is to be done', () => {
    expect(operationButtons(of({}), 'operator')).toEqual([
      { which: 'retry', rest: null },
      { which: 'cancel', rest: 'took_effect' },
    ])
    expect(operationButtons(of({}), 'viewer')).toEqual([])
    expect(operationButtons(of({ state: 'done' }), 'operator')).toEqual([])
    expect(operationButtons(of({ state: 'failed' }), 'operator')).toEqual([{ which: 'retry', rest: null }])
  })
  it('of a stuck one are an admin’s', () => {
    const stuck = of({ state: 'stuck', allowed: { ...allowed, resolve: null } })
    expect(operationButtons(stuck, 'owner').map(({ rest }) => rest)).toEqual(['role', 'role'])
    expect(operationButtons(stuck, 'admin').map(({ which, rest }) => [which, rest])).toEqual([
      ['goOn', null],
      ['fail', null],
    ])
  })
})

describe('the timeline', () => {
  const operation: Operation = {
    id: 'op_1',
    kind: 'machine.create',
    subject: 'vm_1',
    state: 'done',
    steps: [
      { name: 'ensure', state: 'done' },
      { name: 'running', state: 'done' },
    ],
    waiting: null,
    waitingSaid: null,
    waitingSince: null,
    looksAgainAt: null,
    givesUpAt: null,
    advice: 'nothing',
    allowed: { retry: 'is_done', cancel: 'is_over', resolve: 'is_not_stuck' },
    fault: null,
    generation: 1,
    createdAt: '2026-11-22T12:00:00.000Z',
    endedAt: '2026-11-22T12:00:02.000Z',
  }
  const event = (seq: number, type: string, data: Record<string, unknown>, second: number): FeedEvent => ({
    seq,
    id: `evt_${seq}`,
    type,
    subject: 'vm_1',
    data,
    at: `2026-11-22T12:00:0${second}.000Z`,
  })
  it('is one story of what was asked and what happened, newest first', () => {
    const story = timelineOf(
      [operation],
      [
        event(1, 'machine.launch', {}, 0),
        event(2, 'machine.state', { from: 'creating', to: 'running' }, 2),
        event(3, 'tags.set', {}, 3),
        event(4, 'operation.ended', {}, 3),
      ],
    )
    expect(story.map(each => each.key)).toEqual(['event-3', 'event-2', 'op_1'])
  })
  it('tells a state once when only its progress changed', () => {
    const story = timelineOf(
      [],
      [
        event(1, 'machine.state', { from: 'creating', to: 'creating', progress: '10 %' }, 1),
        event(2, 'machine.state', { from: 'creating', to: 'creating', progress: '20 %' }, 2),
        event(3, 'machine.state', { from: 'creating', to: 'running' }, 3),
      ],
    )
    expect(story.map(each => each.key)).toEqual(['event-3', 'event-1'])
  })
})

describe('a console log', () => {
  it('is shown without the sequences that colour and move', () => {
    expect(plainText('\u001b[1;32mready\u001b[0m\r\n\u001b]0;title\u0007login: \u001b[2J')).toBe('ready\nlogin: ')
  })
})
