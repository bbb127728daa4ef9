import { describe, expect, it } from 'vitest'
import type { Volume } from '../api/types.ts'
import { nameOf, sizeOf, whyNot } from './volume-deeds.ts'

const volume = (more: Partial<Volume> = {}): Volume => ({
  id: 'vol_1',
  ec2Id: 'vol-1',
  name: '',
  state: 'available',
  stateReason: null,
  progress: null,
  region: 'r',
  zone: 'a',
  pool: { id: 'spl_1', name: 'local' },
  sizeMiB: 1024,
  source: { kind: 'nothing', id: null },
  attachment: null,
  tags: {},
  generation: 1,
  createdAt: '2026-11-22T00:00:00.000Z',
  ...more,
})
const attachment = {
  machine: 'vm_1',
  machineEc2Id: 'i-1',
  device: 'vdc',
  boot: false,
  readOnly: false,
  deleteOnTermination: false,
  at: '2026-11-22T00:00:00.000Z',
}

describe('what can be asked of a volume', () => {
  it('is greyed with the reason', () => {
    expect(whyNot('delete', volume())).toBeNull()
    expect(whyNot('delete', volume({ state: 'in-use', attachment }))).toBe('attached')
    expect(whyNot('detach', volume({ state: 'in-use', attachment: { ...attachment, boot: true } }))).toBe('boots')
    expect(whyNot('grow', volume({ state: 'attaching', attachment }))).toBe('busy')
    expect(whyNot('snapshot', volume({ host: null }))).toBe('unused')
    expect(whyNot('capture', volume({ host: null }))).toBe('unused')
    expect(whyNot('attach', volume({ state: 'deleting' }))).toBe('going')
  })
  it('takes sizes in whole GiB, never smaller than what is there', () => {
    expect(sizeOf('2', 1024)).toBe(2048)
    for (const wrong of ['', '0', '-1', '1.5', 'x', '1']) expect(sizeOf(wrong, 1500)).toBeNull()
  })
  it('is named by its id where it has no name', () => {
    expect([nameOf(volume()), nameOf(volume({ name: 'data' }))]).toEqual(['vol-1', 'data'])
  })
})
