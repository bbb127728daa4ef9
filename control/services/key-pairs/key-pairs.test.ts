import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { world } from '../../../test/support/world.ts'
import { createKeyPair } from './create.ts'
import { importKeyPair } from './import.ts'

const dir = mkdtempSync(join(tmpdir(), 'sirocco-keys-'))
afterAll(() => rmSync(dir, { recursive: true }))
const hasSshKeygen = (() => {
  try {
    execFileSync('ssh-keygen', ['-?'], { stdio: 'ignore' })
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ENOENT'
  }
})()

describe('key pairs', () => {
  for (const type of ['rsa', 'ed25519'] as const)
    test.runIf(hasSshKeygen)(`that are made (${type}) are read by OpenSSH, and its public half is ours`, async () => {
      const { ports, principal } = await world()
      const made = await createKeyPair.call({ ports, principal }, { name: `my ${type}`, type })
      if (!made.ok) throw new Error(made.fault.message)
      const file = join(dir, type)
      writeFileSync(file, made.value.privateKey.reveal(), { mode: 0o600 })
      const line = execFileSync('ssh-keygen', ['-y', '-f', file], { encoding: 'utf8' }).split(' ').slice(0, 2).join(' ').trim()
      expect(made.value.publicKey.startsWith(line)).toBe(true)
      expect(JSON.stringify(made.value)).not.toContain('PRIVATE KEY')
    })

  test.runIf(hasSshKeygen)('that are imported show the fingerprint that EC2 would', async () => {
    const { ports, principal } = await world()
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(dir, 'mine')])
    const publicKey = execFileSync('cat', [join(dir, 'mine.pub')], { encoding: 'utf8' })
    const kept = await importKeyPair.call({ ports, principal }, { name: 'mine', publicKey })
    const [, sha256 = ''] = execFileSync('ssh-keygen', ['-lf', join(dir, 'mine.pub')], { encoding: 'utf8' }).split(' ')
    expect(kept).toMatchObject({ ok: true, value: { type: 'ed25519' } })
    expect(kept.ok && kept.value.fingerprint.replace(/=+$/, '')).toBe(sha256.replace('SHA256:', ''))
    expect(await importKeyPair.call({ ports, principal }, { name: 'mine', publicKey })).toMatchObject({
      fault: { code: 'already_exists' },
    })
  })

  test.for([
    ['nothing', ''],
    ['another type', 'ssh-dss AAAAB3NzaC1kc3M='],
    ['a torn blob', 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA=='],
    ['a blob of another type', 'ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'],
    ['options in front', 'command="rm -rf /" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'],
    ['a second line', 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\nssh-ed25519 AAAA'],
  ])('refuse %s', async ([, publicKey]) => {
    const { ports, principal } = await world()
    expect(await importKeyPair.call({ ports, principal }, { name: 'bad', publicKey: publicKey ?? '' })).toMatchObject({
      fault: { code: 'invalid', field: 'publicKey' },
    })
  })
})
