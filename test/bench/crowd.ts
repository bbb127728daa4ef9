import type { Client } from '@libsql/client/web'
import { roomSql } from '@sirocco/control/adapters/store/room.ts'
import type { Furnished } from '../contract/store/furnish.ts'

/** A large cloud, written as rows: nothing of it was launched. */
export const crowd = { machines: 25_000, hosts: 2_500, agents: 250 } as const

/** Numbers from 0 below `count`. */
const upTo = (count: number) => `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ${count})`
const id = (prefix: string, number = 'i') => `'${prefix}_0' || printf('%019d', ${number})`
const hex17 = (number = 'i') => `printf('%017x', ${number})`

/** Fills the database of `at` with `crowd`: machines of one project that run, with port, allocation, tags, what is observed, operations and events. */
export async function crowded(client: Client, { project, zone, image, network, subnet, clock }: Furnished): Promise<void> {
  const now = clock.now()
  const { machines, hosts, agents } = crowd
  const host = (number: string) => id('hst', `${number} % ${hosts}`)
  const statements = [
    `${upTo(agents)} INSERT INTO agent (id, publicKey, fingerprint, zone, version, linkObject, epoch, createdAt)
      SELECT ${id('agt')}, 'k', 'f', '${zone}', '1', i / 100, 1, ${now} FROM n`,
    `${upTo(hosts)} INSERT INTO host (id, agent, zone, name, accepting, cpuRatio, memoryRatio, revision, tags)
      SELECT ${id('hst')}, ${id('agt', `i % ${agents}`)}, '${zone}', 'host-' || i, 1, 8, 1, 1, '{"rack":"' || (i % 40) || '"}' FROM n`,
    `${upTo(hosts)} INSERT INTO host_observed SELECT ${id('hst')}, 1, 1, 'QEMU', '7.2.19', 'hardware', 'x86_64', 'boot', 16, 65536 - i % 7, 2000000, '[]', 'd', ${now}, NULL FROM n`,
    `${upTo(machines)} INSERT INTO machine (id, alias, project, zone, name, flavor, vcpus, memoryMiB, diskMiB, image, publicKeys, reservation, launchIndex, onGuestShutdown, createdAt, ranAt, power, generation, version)
      SELECT ${id('vm')}, 'i-' || ${hex17()}, '${project}', '${zone}', 'machine-' || i, 't3.micro', 2, 1024, 8192, '${image}', '[]', 'r-' || ${hex17()}, 0, 'stop', ${now}, ${now}, CASE WHEN i % 50 = 0 THEN 'off' ELSE 'on' END, 1, 1 FROM n`,
    `${upTo(machines)} INSERT INTO machine_observed (machine, host, epoch, seq, appliedGeneration, power, digest, at)
      SELECT ${id('vm')}, ${host('i')}, 1, i, 1, CASE WHEN i % 50 = 0 THEN 'stopped' ELSE 'running' END, 'd', ${now} FROM n`,
    `${upTo(machines)} INSERT INTO allocation (id, consumer, host, vcpus, memoryMiB, diskMiB, "from")
      SELECT ${id('alc')}, ${id('vm')}, ${host('i')}, 2, 1024, 8192, ${now} FROM n`,
    `${upTo(machines)} INSERT INTO port (id, alias, project, network, subnet, machine, position, mac, address)
      SELECT ${id('prt')}, 'eni-' || ${hex17()}, '${project}', '${network}', '${subnet}', ${id('vm')}, 0, printf('02:00:00:%02x:%02x:%02x', i >> 16, (i >> 8) & 255, i & 255), printf('10.%d.%d.%d', 64 + (i >> 16), (i >> 8) & 255, i & 255) FROM n`,
    `${upTo(machines)} INSERT INTO tag (resource, key, value, project) SELECT ${id('vm')}, 'Name', 'machine-' || i, '${project}' FROM n`,
    `${upTo(machines)} INSERT INTO tag (resource, key, value, project) SELECT ${id('vm')}, 'team', 'team-' || (i % 100), '${project}' FROM n`,
    `${upTo(machines)} INSERT INTO operation (id, kind, workflow, project, subject, shard, generation, state, step, tries, version, createdAt, endedAt)
      SELECT ${id('op')}, 'machine.create', 1, '${project}', ${id('vm')}, i % 16, 1, 'done', 2, 0, 3, ${now}, ${now} FROM n`,
    `${upTo(machines)} INSERT INTO event (id, project, type, subject, data, at) SELECT ${id('evt')}, '${project}', 'machine.create.asked', ${id('vm')}, '{}', ${now} FROM n`,
    `${upTo(400)} INSERT INTO key_pair (id, alias, project, name, publicKey, type, fingerprint, createdAt)
      SELECT ${id('kpr')}, 'key-' || ${hex17()}, '${project}', 'key-' || i, 'ssh-ed25519 AAAA', 'ed25519', 'f', ${now} FROM n`,
    `${upTo(400)} INSERT INTO placement_group (id, alias, project, name, policy, strict, createdAt)
      SELECT ${id('pgr')}, 'pg-' || ${hex17()}, '${project}', 'group-' || i, 'affinity', 1, ${now} FROM n`,
    roomSql,
  ]
  for (const sql of statements) await client.execute(sql)
}
