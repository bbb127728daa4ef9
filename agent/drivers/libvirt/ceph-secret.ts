import { readFile } from 'node:fs/promises'
import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { CephImage, MachineDisk } from '../../ports/compute.ts'
import { faultOf } from './faults.ts'
import { secretUuid, uuidText } from './identity.ts'
import type { Connection } from './rpc/connection.ts'
import { procedures } from './rpc/procedures.ts'
import { escapeXml } from './xml.ts'

/** How a domain names the key that QEMU is given for a pool in Ceph. */
export const secretXml = (instance: string, pool: string): string =>
  `<secret type='ceph' uuid='${uuidText(secretUuid(instance, pool))}'/>`

/** Gives libvirt the keys of the pools in Ceph that these disks lie in; it keeps them in memory alone, and hands them to QEMU sealed. */
export async function tellSecrets(link: Connection, instance: string, disks: readonly MachineDisk[]): Promise<Result<void>> {
  const pools = new Map<string, CephImage>()
  for (const { source } of disks) if (source.type === 'rbd') pools.set(source.pool, source)
  for (const { pool, keyring } of pools.values()) {
    const key = /^\s*key\s*=\s*(\S+)/m.exec(await readFile(keyring, 'utf8').catch(() => ''))?.[1]
    if (key === undefined) return refuse('unavailable', 'waiting for the key to the pool in Ceph', { detail: keyring })
    const uuid = uuidText(secretUuid(instance, pool))
    const xml = `<secret ephemeral='yes' private='yes'><uuid>${uuid}</uuid><usage type='ceph'><name>sirocco ${escapeXml(instance)} ${escapeXml(pool)}</name></usage></secret>`
    const secret = await link.call(procedures.defineSecret, xml)
    if (!secret.ok) return faultOf(secret.error)
    const told = await link.call(procedures.setSecret, { secret: secret.value, value: Buffer.from(key, 'base64') })
    if (!told.ok) return faultOf(told.error)
  }
  return ok(undefined)
}
