import { canonical } from '@sirocco/shared/kit/canonical.ts'
import { expect, test } from 'vitest'
import { MemoryDisk } from '../disk/memory.ts'
import type { Disk } from '../ports/disk.ts'
import type { Entry } from './facts.ts'
import { Journal } from './journal.ts'

const name = 'journal-hst_1.jsonl'
const entries: readonly Entry[] = [
  { note: 'boot', bootId: 'boot-1' },
  { note: 'intent', machine: 'vm_a', generation: 1, step: 'prepare', at: 1 },
  { note: 'done', machine: 'vm_a', generation: 1, step: 'prepare' },
  { note: 'intent', machine: 'vm_a', generation: 1, step: 'start', at: 2 },
  { note: 'done', machine: 'vm_a', generation: 1, step: 'start' },
  { note: 'settled', machine: 'vm_a', generation: 1 },
  { note: 'off', machine: 'vm_a', generation: 1, cause: 'crash', at: 3 },
  { note: 'intent', machine: 'vm_b', generation: 4, step: 'define', at: 4 },
  { note: 'failing', machine: 'vm_b', generation: 4, fault: { code: 'invalid', message: 'ünsinn' } },
]

/** What a journal says after each whole entry. */
async function states(): Promise<string[]> {
  const said: string[] = []
  for (let count = 0; count <= entries.length; count++) {
    const journal = await Journal.open(new MemoryDisk(), name)
    await journal.write(entries.slice(0, count))
    said.push(stateOf(journal))
  }
  return said
}
const stateOf = (journal: Journal) =>
  canonical([journal.bootId, journal.machines().map(machine => [machine, journal.facts(machine)])])

test('torn at each of its bytes it says what was written whole, and goes on from there', async () => {
  const disk = new MemoryDisk()
  const whole = await Journal.open(disk, name)
  for (const entry of entries) await whole.write([entry])
  const content = disk.files.get(name) ?? ''
  const expected = await states()
  for (let length = 0; length <= content.length; length++) {
    disk.files.set(name, content.slice(0, length))
    const journal = await Journal.open(disk, name)
    // The last line counts when only its newline is missing.
    const lines = content.slice(0, length + 1).split('\n').length - 1
    expect([expected[lines], expected[Math.max(0, lines - 1)]]).toContain(stateOf(journal))
    await journal.write([
      { note: 'forget', machine: 'vm_b' },
      { note: 'boot', bootId: 'boot-2' },
    ])
    expect(stateOf(await Journal.open(disk, name))).toBe(stateOf(journal))
  }
})

test('stays small: many changes of few machines', async () => {
  const disk = new MemoryDisk()
  const journal = await Journal.open(disk, name)
  for (let generation = 1; generation < 5_000; generation++)
    await journal.write([{ note: 'settled', machine: 'vm_a', generation }])
  expect((disk.files.get(name) ?? '').split('\n').length).toBeLessThan(300)
  expect((await Journal.open(disk, name)).facts('vm_a')).toMatchObject({ applied: 4_999 })
})

test('who writes while a write is under way shares the next one', async () => {
  const memory = new MemoryDisk()
  let appends = 0
  const disk: Disk = {
    read: file => memory.read(file),
    replace: (file, content) => memory.replace(file, content),
    append: async (file, line) => {
      appends++
      await memory.append(file, line)
    },
  }
  const journal = await Journal.open(disk, name)
  await Promise.all(
    Array.from({ length: 100 }, (_, i) => journal.write([{ note: 'settled', machine: `vm_${i}`, generation: 1 }])),
  )
  expect(appends).toBe(2)
  expect(journal.machines()).toHaveLength(100)
})

test('nothing counts before it is on disk; after a failed write the file is made whole', async () => {
  const memory = new MemoryDisk()
  let full = true
  const disk: Disk = {
    read: file => memory.read(file),
    replace: (file, content) => memory.replace(file, content),
    append: async (file, line) => {
      await memory.append(file, full ? line.slice(0, 10) : line)
      if (full) throw new Error('ENOSPC')
    },
  }
  const journal = await Journal.open(disk, name)
  await expect(journal.write([{ note: 'settled', machine: 'vm_a', generation: 1 }])).rejects.toThrow('ENOSPC')
  expect(journal.facts('vm_a')).toBeUndefined()
  full = false
  await journal.write([{ note: 'settled', machine: 'vm_a', generation: 2 }])
  expect((await Journal.open(disk, name)).facts('vm_a')).toMatchObject({ applied: 2 })
})
