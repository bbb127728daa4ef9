import { readdir, readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { ok, type Result } from '@sirocco/shared/kit/fault.ts'
import { MiB } from '@sirocco/shared/kit/units.ts'
import { z } from 'zod'
import { read } from '../../run.ts'
import type { Found } from '../item.ts'
import { cephVolumes } from './ceph-volumes.ts'
import { stray } from './files.ts'
import type { Reader } from './reader.ts'

/** `qemu-img info`, of which only what decides. */
const Info = z.object({ 'virtual-size': z.number(), 'backing-filename': z.string().optional() })

interface File {
  readonly path: string
  readonly n: number
  readonly mib: number
  readonly backing: string
}
interface Home {
  readonly id: string
  readonly files: readonly File[]
  readonly marks: ReadonlyMap<string, number>
  readonly gone: boolean
  readonly others: readonly string[]
}

/** The volume that a path is of; null: of none. A disk from before there were volumes is the one with its machine's id but for the prefix. */
export function volumeAt(path: string): string | null {
  const [, of] = /\/volumes\/(\w+)\/\d+\.qcow2$/.exec(path) ?? /^rbd:[^/]+\/sirocco\.\w+\.(\w+)$/.exec(path) ?? []
  const [, before] = /\/machines\/vm_(\w+)\/disk\.qcow2$/.exec(path) ?? []
  return of ?? (before === undefined ? null : `vol_${before}`)
}

/** Volumes and snapshots by their files, and files that nothing needs. */
export const volumes: Reader = {
  kinds: ['volume', 'snapshot'],
  async read({ storage }) {
    const homes: Home[] = []
    for (const place of [storage, ...(await poolsIn(join(storage, 'pools')))])
      for (const id of await readdir(join(place, 'volumes')).catch(() => [])) {
        const home = await homeIn(place, id)
        if (!home.ok) return home
        homes.push(home.value)
      }
    const found = homes.flatMap(home => itemsOf(storage, home, neededBy(homes)))
    for (const machine of await readdir(join(storage, 'machines')).catch(() => [])) {
      const path = join(storage, 'machines', machine, 'disk.qcow2')
      const info = await infoOf(path)
      if (info) found.push(volumeOf(volumeAt(path) ?? machine, { path, n: 0, ...info }, info.backing))
    }
    const inCeph = await cephVolumes(storage)
    return inCeph.ok ? ok([...found, ...inCeph.value]) : inCeph
  },
}

/** Where volumes of pools lie: of a shared pool, those that this host holds have a place each. */
async function poolsIn(links: string): Promise<string[]> {
  const places: string[] = []
  for (const name of await readdir(links).catch(() => []))
    if (name.endsWith('.held'))
      places.push(...(await readdir(join(links, name)).catch(() => [])).map(volume => join(links, name, volume)))
    else places.push(join(links, name))
  return places
}

async function infoOf(path: string): Promise<Pick<File, 'mib' | 'backing'> | null> {
  const printed = await read('qemu-img', ['info', '-U', '--output=json', path])
  if (!printed.ok) return null
  const info = Info.safeParse(JSON.parse(printed.value))
  return info.success ? { mib: info.data['virtual-size'] / MiB, backing: info.data['backing-filename'] ?? '' } : null
}

async function homeIn(storage: string, id: string): Promise<Result<Home>> {
  const home = join(storage, 'volumes', id)
  const files: File[] = []
  const marks = new Map<string, number>()
  const others: string[] = []
  let gone = false
  for (const name of await readdir(home).catch(() => [])) {
    const path = join(home, name)
    const n = /^(\d+)\.qcow2$/.exec(name)?.[1]
    const mark = /^(\w+)\.snapshot$/.exec(name)?.[1]
    if (name === 'gone') gone = true
    else if (mark !== undefined) marks.set(mark, Number(await readFile(path, 'utf8').catch(() => '-1')))
    else if (/^\d+\.(turn|merging)$/.test(name)) continue
    else if (n === undefined) others.push(name)
    else {
      const info = await infoOf(path)
      if (info) files.push({ path, n: Number(n), ...info })
      else others.push(name)
    }
  }
  return ok({ id, files: files.sort((a, b) => a.n - b.n), marks, gone, others })
}

/** Files of one volume that another stands on. */
const neededBy = (homes: readonly Home[]): ReadonlySet<string> =>
  new Set(
    homes.flatMap(({ files }) => files.flatMap(({ path, backing }) => (dirname(backing) === dirname(path) ? [] : [backing]))),
  )

const volumeOf = (id: string, top: File, bottom: string): Found => ({
  kind: 'volume',
  id,
  facts: { mib: top.mib, base: bottom.includes('/volumes/') ? 'another volume' : basename(bottom) },
  where: top.path,
})

function itemsOf(storage: string, { id, files, marks, gone, others }: Home, needed: ReadonlySet<string>): Found[] {
  const [bottom, top] = [files[0], files.at(-1)]
  const strays = (names: readonly string[]) => names.map(name => stray(storage, 'volumes', id, name))
  const snapshots = [...marks].map(([snapshot, n]): Found => {
    const where = join(storage, 'volumes', id, `${snapshot}.snapshot`)
    return { kind: 'snapshot', id: snapshot, facts: { volume: files.some(file => file.n === n) ? id : 'lost' }, where }
  })
  if (!bottom || !top) return [...snapshots, ...strays(others), stray(storage, 'volumes', id)]
  if (!gone) return [volumeOf(id, top, bottom.backing), ...snapshots, ...strays(others)]
  // Of one that was removed, only what lies under a snapshot or another volume is there with reason.
  const kept = files.filter(({ path, n }) => needed.has(path) || [...marks.values()].includes(n)).at(-1)?.n ?? -1
  return [...snapshots, ...strays([...others, ...files.filter(({ n }) => n > kept).map(({ path }) => basename(path))])]
}
