import { limits } from '@sirocco/shared/model/limits.ts'
import { rescuedDevice } from '@sirocco/shared/model/volumes/rescued.ts'
import type { WantedVolume } from '@sirocco/shared/wire/objects.ts'
import { describe, expect, test } from 'vitest'
import { noVolumeFacts } from './facts.ts'
import { planVolume, type VolumeView } from './plan.ts'

const volume: WantedVolume = {
  kind: 'volume',
  id: 'vol_a',
  generation: 2,
  pool: { type: 'directory', id: 'spl_a' },
  sizeMiB: 64,
  source: { from: 'nothing' },
  attached: { machine: 'vm_a', device: rescuedDevice, boot: false, readOnly: false },
  gone: false,
}
const source = { type: 'file', format: 'qcow2', path: '/v' } as const
const plugged = { volume: 'vol_a', device: rescuedDevice, path: '/v', live: true, saved: false, machine: 'vm_a' }
const settledFacts = { ...noVolumeFacts, applied: 2, made: true, machine: 'vm_a' }

const view = (on: boolean, more: Partial<VolumeView> = {}): VolumeView => ({
  wanted: volume,
  found: { sizeMiB: 64, source, turn: 0 },
  plugged: [],
  machine: () => ({ here: true, on, leaving: false }),
  facts: settledFacts,
  snapshots: [],
  now: 1_000_000,
  rescueBoot: limits.rescueBoot,
  ...more,
})
const asked = (askedAt: number) => ({ facts: { ...settledFacts, askedAt } })

describe('the own disk of a machine in rescue', () => {
  test('is as wanted while the machine is off, though that does not have it', () => {
    expect(planVolume(view(false))).toEqual({ do: 'nothing' })
    expect(planVolume(view(false, { facts: { ...noVolumeFacts, applied: 1, made: true } }))).toEqual({ do: 'settle' })
  })
  test('is given to the guest when that has had its time to boot, and not before', () => {
    expect(planVolume(view(true))).toEqual({ do: 'boots' })
    expect(planVolume(view(true, asked(1_000_000)))).toMatchObject({ do: 'wait', wakeMs: limits.rescueBoot })
    expect(planVolume(view(true, asked(1_000_000 - limits.rescueBoot + 1)))).toMatchObject({ do: 'wait', wakeMs: 1 })
    expect(planVolume(view(true, asked(1_000_000 - limits.rescueBoot)))).toMatchObject({ do: 'attach' })
  })
  test('is waited with anew at each start, and where the clock was set back', () => {
    expect(planVolume(view(false, asked(5)))).toEqual({ do: 'settle' })
    expect(planVolume(view(true, { ...asked(5), plugged: [plugged] }))).toEqual({ do: 'settle' })
    expect(planVolume(view(true, { plugged: [plugged] }))).toEqual({ do: 'nothing' })
    expect(planVolume(view(true, asked(2_000_000)))).toEqual({ do: 'boots' })
  })
})
