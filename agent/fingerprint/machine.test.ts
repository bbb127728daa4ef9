import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../test/support/temporary-folder.ts'
import { machinePrint } from './machine.ts'

function machine(id: string, boot: string): string {
  const root = temporaryFolder()
  for (const dir of ['etc', 'proc/sys/kernel/random']) mkdirSync(join(root, dir), { recursive: true })
  writeFileSync(join(root, 'etc/machine-id'), `${id}\n`)
  writeFileSync(join(root, 'proc/sys/kernel/random/boot_id'), `${boot}\n`)
  return root
}

test('tells machines and their boots apart, without saying the id of the machine', async () => {
  const [one, again, other] = await Promise.all([
    machinePrint(machine('aaaa', 'boot-1')),
    machinePrint(machine('aaaa', 'boot-2')),
    machinePrint(machine('bbbb', 'boot-1')),
  ])
  expect(again.fingerprint).toBe(one.fingerprint)
  expect([one.bootId, again.bootId]).toEqual(['boot-1', 'boot-2'])
  expect(other.fingerprint).not.toBe(one.fingerprint)
  expect(one.fingerprint).not.toContain('aaaa')
})

test('a machine that does not say which boot it is in is refused', async () => {
  await expect(machinePrint(temporaryFolder())).rejects.toThrow('boot_id')
})
