import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MiB } from '@sirocco/shared/kit/units.ts'
import { expect, test } from 'vitest'
import { runConfined } from './sandbox.ts'

test('qemu-img may have as many threads as it starts: 64', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sirocco-sandbox-'))
  try {
    const disk = await open(join(folder, 'disk'), 'w')
    await disk.truncate(256 * MiB)
    await disk.close()
    const args = ['bench', '-f', 'raw', '-c', '20000', '-d', '64', join(folder, 'disk')]
    expect(await runConfined('qemu-img', args, { fileBytes: 0, timeout: 60_000, reads: true })).toMatchObject({
      code: 0,
      stderr: '',
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
