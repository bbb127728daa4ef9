import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@libsql/client/web'
import { fetchOf, hranaUrl } from '@sirocco/local/hrana/fetch.ts'
import { createHrana } from '@sirocco/local/hrana/hrana.ts'
import { describeStore } from '../store.ts'

describeStore('libSQL in a file, over Hrana', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sirocco-store-'))
  const hrana = createHrana(join(folder, 'store.db'))
  const client = createClient({ url: hranaUrl, fetch: fetchOf(hrana) })
  return {
    client,
    close: async () => {
      client.close()
      await hrana.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
})
