import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ok, type Result } from '@sirocco/shared/kit/fault.ts'
import { MiB } from '@sirocco/shared/kit/units.ts'
import { z } from 'zod'
import { read } from '../../run.ts'
import type { Found } from '../item.ts'
import { stray } from './files.ts'

/** `rbd ls -l`, of which only what decides; a line for each image and each snapshot. */
const Listed = z.array(z.object({ image: z.string(), size: z.number(), snapshot: z.string().optional() }))

/**
 * Volumes and snapshots in Ceph that this host holds, by the images that are there. Of images that nobody here holds another host may know more: only
 * what this host holds and is not there, or not wanted, is its own.
 */
export async function cephVolumes(storage: string): Promise<Result<Found[]>> {
  const found: Found[] = []
  for (const pool of await readdir(join(storage, 'ceph')).catch(() => [])) {
    const place = join(storage, 'ceph', pool)
    const held = await readdir(join(place, 'held')).catch(() => [])
    if (held.length === 0) continue
    const user = /^\[client\.(.+)\]/m.exec(await readFile(join(place, 'keyring'), 'utf8').catch(() => ''))?.[1] ?? ''
    const name = (await readFile(join(place, 'pool'), 'utf8').catch(() => '')).trim()
    const printed = await read('rbd', ['--conf', join(place, 'ceph.conf'), '--id', user, 'ls', '-l', '--format', 'json', name])
    if (!printed.ok) return printed
    const images = Listed.parse(JSON.parse(printed.value.trim() === '' ? '[]' : printed.value))
    for (const volume of held) found.push(...itemsOf(storage, pool, volume, images))
  }
  return ok(found)
}

function itemsOf(storage: string, pool: string, volume: string, images: z.output<typeof Listed>): Found[] {
  const image = `sirocco.${pool}.${volume}`
  const named = (name: string) => images.filter(one => one.image === name)
  const [top] = named(image).filter(({ snapshot }) => snapshot === undefined)
  const kept = [...named(image), ...named(`${image}.gone`)].flatMap(({ snapshot }) => snapshot ?? [])
  const snapshots = kept.map(
    (snapshot): Found => ({ kind: 'snapshot', id: snapshot, facts: { volume }, where: `${image}@${snapshot}` }),
  )
  if (top) return [{ kind: 'volume', id: volume, facts: { mib: top.size / MiB, base: '' }, where: image }, ...snapshots]
  return snapshots.length > 0 ? snapshots : [stray(storage, 'ceph', pool, 'held', volume)]
}
