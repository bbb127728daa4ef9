import { type MachineState, machineStates } from '@sirocco/shared/model/machines/states.ts'
import { describe, expect, test } from 'vitest'
import { type Machine, stateOfMachine } from '../../../domain/machines/machine.ts'
import { instanceStateOf, renderState, stateReasonOf, transitionReasonOf } from './instance-state.ts'

const running: Machine = {
  id: 'vm_1',
  alias: 'i-0',
  project: 'prj_1',
  account: '123456789012',
  name: 'web',
  region: 'test-1',
  zone: 'test-1a',
  host: 'hst_1',
  flavor: 't3.nano',
  vcpus: 2,
  memoryMiB: 512,
  diskMiB: 8192,
  image: 'img_1',
  imageAlias: 'ami-0',
  keyPair: null,
  ports: [],
  volumes: [],
  tags: {},
  reservation: 'r-0',
  launchIndex: 0,
  clientToken: null,
  placementGroup: null,
  placementGroupName: null,
  hostTags: {},
  onGuestShutdown: 'stop',
  protected: false,
  firmware: 'bios',
  rescueImage: null,
  rescueVolume: null,
  createdAt: 0,
  ranAt: 1,
  power: 'on',
  generation: 2,
  version: 1,
  goneAt: null,
  failure: null,
  observed: {
    appliedGeneration: 2,
    power: 'running',
    cause: null,
    progress: null,
    fault: null,
    digest: '',
    at: 1_800_000_000_000,
  },
  observerAlive: true,
  fenced: false,
  recover: 'no',
}
const observed = {
  appliedGeneration: 2,
  power: 'stopped',
  cause: 'asked',
  progress: null,
  fault: null,
  digest: '',
  at: 1_800_000_000_000,
} as const
const failure = { code: 'internal', message: 'it broke' } as const

/** A machine in each state, as the design's table names them, and what EC2 clients see. */
const table: Record<Exclude<MachineState, 'suspended'>, readonly [Partial<Machine>, code: number, name: string]> = {
  creating: [{ ranAt: null, observed: null }, 0, 'pending'],
  starting: [{ observed: { ...observed, appliedGeneration: 1 } }, 0, 'pending'],
  running: [{}, 16, 'running'],
  paused: [{ observed: { ...observed, power: 'paused' } }, 16, 'running'],
  stopping: [{ power: 'off', observed: { ...observed, power: 'stopping' } }, 64, 'stopping'],
  stopped: [{ power: 'off', observed }, 80, 'stopped'],
  failed: [{ failure, observed }, 80, 'stopped'],
  deleting: [{ power: 'gone' }, 32, 'shutting-down'],
  gone: [{ power: 'gone', goneAt: 1 }, 48, 'terminated'],
  unknown: [{ observerAlive: false }, 16, 'running'],
}

describe('the state of an instance', () => {
  test.each(Object.entries(table))('of a machine that is %s', (state, [difference, code, name]) => {
    const machine = { ...running, ...difference }
    expect(stateOfMachine(machine)).toBe(state)
    expect(renderState(machine)).toEqual({ code, name })
  })
  test('is shown for every state there is', () => {
    expect([...Object.keys(table), 'suspended'].sort()).toEqual([...machineStates].sort())
  })
  test('is terminated where it failed and never ran, with the reason', () => {
    const failed = { ...running, ranAt: null, observed: null, failure }
    expect(instanceStateOf(failed)).toBe('terminated')
    expect(stateReasonOf(failed)).toEqual({ code: 'Server.InternalError', message: 'Server.InternalError: it broke' })
    expect(stateReasonOf({ ...failed, failure: { ...failure, code: 'capacity' } })?.code).toBe(
      'Server.InsufficientInstanceCapacity',
    )
  })
  test('is the last known one while the host is silent', () => {
    expect(instanceStateOf({ ...running, observerAlive: false, power: 'off', observed })).toBe('stopped')
    expect(instanceStateOf({ ...running, observerAlive: false, ranAt: null, observed: null })).toBe('pending')
  })
  test('tells who stopped it, and when', () => {
    const stopped = { ...running, power: 'off' as const, observed }
    expect(stateReasonOf(stopped)?.code).toBe('Client.UserInitiatedShutdown')
    expect(transitionReasonOf(stopped)).toBe('User initiated (2027-01-15 08:00:00 GMT)')
    const byGuest = { ...stopped, observed: { ...observed, cause: 'guest' as const } }
    expect(stateReasonOf(byGuest)?.code).toBe('Client.InstanceInitiatedShutdown')
    expect(stateReasonOf({ ...byGuest, power: 'gone' })?.code).toBe('Client.UserInitiatedShutdown')
    expect(stateReasonOf({ ...byGuest, power: 'gone', onGuestShutdown: 'terminate' })?.code).toBe(
      'Client.InstanceInitiatedShutdown',
    )
  })
})
