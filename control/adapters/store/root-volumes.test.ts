import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { memoryDatabase } from '../../../test/simulation/world/client.ts'
import { migrate } from './migrate.ts'

/** Data as the first version left it: a machine that holds its disk by its own claim, and one that is gone. */
async function before() {
  const client = memoryDatabase()
  const first = readFileSync(join(import.meta.dirname, 'migrations/0000_first.sql'), 'utf8')
  await client.batch(
    [
      ...first.split('--> statement-breakpoint'),
      "INSERT INTO meta (key, value) VALUES ('version', '1')",
      "INSERT INTO provider VALUES ('prv_1', 'private', 'private')",
      "INSERT INTO cloud_account VALUES ('cac_1', 'prv_1', 'private', NULL)",
      "INSERT INTO region VALUES ('rgn_1', 'local-1', 'cac_1')",
      "INSERT INTO zone VALUES ('zon_1', 'rgn_1', 'local-1a')",
      "INSERT INTO agent VALUES ('agt_1', 'k', 'f', 'zon_1', '1', 0, 1, 'b', NULL, 0)",
      "INSERT INTO host VALUES ('hst_1', 'agt_1', 'zon_1', 'h', 1, 8, 1, 5)",
      ...['a', 'b'].map(
        id => `INSERT INTO machine (id, alias, project, zone, name, flavor, vcpus, memoryMiB, diskMiB, image, publicKeys, reservation,
          launchIndex, onGuestShutdown, createdAt, power, generation, version, goneAt) VALUES ('vm_${id}', 'i-${id}', 'prj_1', 'zon_1', 'm', 't3.pico',
          1, 128, 2048, 'img_1', '[]', 'r', 0, 'stop', 7, 'on', 1, 1, ${id === 'a' ? 'NULL' : '9'})`,
      ),
      "INSERT INTO allocation VALUES ('alc_a', 'vm_a', 'hst_1', 1, 128, 2048, 7, NULL)",
      "INSERT INTO allocation VALUES ('alc_b', 'vm_b', 'hst_1', 1, 128, 2048, 7, 9)",
    ],
    'write',
  )
  return client
}

test('the disk of a machine that stands becomes its volume, with the claim on it; nothing is counted twice', async () => {
  const client = await before()
  await migrate(client)
  const used = () => client.look('SELECT sum(vcpus) v, sum(memoryMiB) m, sum(diskMiB) d FROM allocation WHERE until IS NULL')
  expect(used()).toEqual([{ v: 1, m: 128, d: 2048 }])
  expect(
    client.look(
      'SELECT v.id, v.sizeMiB, v.sourceImage, t.machine, t.device, t.boot, a.host, a.diskMiB FROM volume v JOIN attachment t ON t.volume = v.id JOIN allocation a ON a.consumer = v.id',
    ),
  ).toEqual([
    { id: 'vol_a', sizeMiB: 2048, sourceImage: 'img_1', machine: 'vm_a', device: 'vda', boot: 1, host: 'hst_1', diskMiB: 2048 },
  ])
  expect(client.look("SELECT diskMiB FROM allocation WHERE consumer = 'vm_a'")).toEqual([{ diskMiB: 0 }])
  expect(client.look('SELECT zone, isDefault FROM storage_pool')).toEqual([{ zone: 'zon_1', isDefault: 1 }])
  expect(client.look('SELECT revision FROM host')).toEqual([{ revision: 6 }])
  expect(client.look('SELECT alias FROM volume')[0]?.alias).toMatch(/^vol-[0-9a-f]{17}$/)
  client.close()
})
