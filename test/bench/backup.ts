import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@libsql/client/web'
import { backup } from '@sirocco/local/backup/backup.ts'
import { restore } from '@sirocco/local/backup/restore.ts'
import { fetchOf, hranaUrl } from '@sirocco/local/hrana/fetch.ts'
import { createHrana } from '@sirocco/local/hrana/hrana.ts'
import { secretsOf } from '@sirocco/local/instance/secrets.ts'
import { seeded } from '@sirocco/shared/kit/random.ts'
import { MiB } from '@sirocco/shared/kit/units.ts'
import { furnish } from '../contract/store/furnish.ts'
import { crowded } from './crowd.ts'
import { type Figure, figure } from './figure.ts'

const runs = 5

/** A control plane of 25,000 machines on 2,500 hosts: backed up, and restored; beside `VACUUM INTO` of the same file alone. */
export async function backups(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'sirocco-backup-'))
  const data = join(folder, 'data')
  secretsOf(join(data, 'secrets.json'), seeded(1))
  const hrana = createHrana(join(data, 'control.db'))
  const client = createClient({ url: hranaUrl, fetch: fetchOf(hrana) })
  const secret = 'a passphrase that is long enough'
  const times = { plain: [] as number[], taken: [] as number[], restored: [] as number[] }
  const sizes: number[] = []
  try {
    await crowded(client, await furnish(client, { hosts: 0 }))
    for (let n = 0; n < runs; n++) {
      const [to, copy] = [join(folder, `archive-${n}`), join(folder, `copy-${n}`)]
      times.plain.push(await timeOf(() => client.execute({ sql: 'VACUUM INTO ?', args: [copy] })))
      times.taken.push(await timeOf(() => backup({ data, to, secret, blobs: false, now: n })))
      times.restored.push(await timeOf(() => restore({ data: join(folder, `data-${n}`), from: to, secret, now: n })))
      sizes.push(statSync(to).size / MiB)
    }
    return [
      figure('backup-25000-machines', 'ms', times.taken, times.plain),
      figure('restore-25000-machines', 'ms', times.restored, times.plain),
      figure('backup-size', 'MiB', sizes),
    ]
  } finally {
    client.close()
    await hrana.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function timeOf(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await run()
  return performance.now() - start
}
