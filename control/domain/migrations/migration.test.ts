import { movePhases, type SeenMove } from '@sirocco/shared/wire/objects.ts'
import { expect, test } from 'vitest'
import { type Migration, migrationPhases, nextOf } from './migration.ts'

const migration = (more: Partial<Migration> = {}): Migration => ({
  id: 'mig_1',
  machine: 'vm_1',
  project: 'prj_1',
  source: 'hst_1',
  target: 'hst_2',
  volumes: ['vol_1'],
  phase: 'preparing',
  offline: false,
  sourceSaw: null,
  targetSaw: null,
  progress: null,
  version: 1,
  generation: 0,
  createdAt: 0,
  endedAt: null,
  ...more,
})
const saw = (phase: SeenMove['phase']): SeenMove => ({ id: 'mig_1', phase })
const next = (more: Partial<Migration>, power: 'on' | 'off' | 'gone' = 'on', now = 1_000) =>
  nextOf(migration(more), { power, name: 'web' }, { now, roomWithin: 60_000 }).do

test('it goes once the target has room', () => {
  expect(next({})).toBe('wait')
  expect(next({ targetSaw: saw('ready') })).toBe('go')
})

test('it is called off where room does not come in time, the machine stays, or nobody wants it on', () => {
  expect(next({}, 'on', 60_001)).toBe('call-off')
  expect(next({ phase: 'moving', targetSaw: saw('ready'), sourceSaw: saw('stayed') })).toBe('call-off')
  expect(next({ phase: 'moving', targetSaw: saw('ready'), sourceSaw: saw('unknown') })).toBe('call-off')
  for (const power of ['off', 'gone'] as const) expect(next({ targetSaw: saw('ready') }, power)).toBe('call-off')
})

test('only the target says where the machine is: what the source says ends nothing', () => {
  for (const phase of migrationPhases)
    for (const source of [null, ...movePhases.map(saw)])
      for (const target of [null, saw('ready')])
        for (const power of ['on', 'off', 'gone'] as const)
          expect(['arrived', 'failed']).not.toContain(next({ phase, sourceSaw: source, targetSaw: target }, power, 90_000))
})

test('arrived is arrived, whatever else was said or asked meanwhile', () => {
  for (const phase of migrationPhases)
    for (const source of movePhases)
      expect(next({ phase, sourceSaw: saw(source), targetSaw: saw('arrived') }, 'gone')).toBe('arrived')
})

test('a target that will not take it is told so before the move has failed', () => {
  expect(next({ targetSaw: saw('nothing') })).toBe('call-off')
  expect(next({ phase: 'calling-off', targetSaw: saw('nothing') })).toBe('failed')
  expect(next({ phase: 'calling-off', targetSaw: saw('ready') })).toBe('wait')
})

test('one that goes while it is off is called off once it is to run', () => {
  const offline = (power: 'on' | 'off', more: Partial<Migration> = {}) => next({ offline: true, ...more }, power)
  expect(offline('off')).toBe('wait')
  expect(offline('off', { targetSaw: saw('ready') })).toBe('go')
  expect(offline('on', { targetSaw: saw('ready') })).toBe('call-off')
  expect(offline('on', { phase: 'moving', targetSaw: saw('arrived') })).toBe('arrived')
})
