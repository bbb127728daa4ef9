import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ok } from '@sirocco/shared/kit/fault.ts'
import type { Found } from '../item.ts'
import type { Reader } from './reader.ts'

const names = (dir: string): Promise<string[]> => readdir(dir).catch(() => [])

/** What lies under the storage directory but volumes: seeds, images, logs of consoles, and what else. */
export const files: Reader = {
  kinds: ['seed', 'nvram', 'image', 'console', 'file'],
  async read({ storage }) {
    const found: Found[] = [...(await imagesIn(storage)), ...(await consolesIn(storage))]
    for (const machine of await names(join(storage, 'machines'))) found.push(...(await machineIn(storage, machine)))
    // What is on its way to or from a backup, or becomes an image: at rest nothing.
    for (const room of ['backups', 'imports'])
      for (const id of await names(join(storage, room))) found.push(stray(storage, room, id))
    const rooms = ['machines', 'volumes', 'images', 'backups', 'imports', 'consoles', 'pools', 'ceph']
    return ok([...found, ...(await names(storage)).filter(name => !rooms.includes(name)).map(name => stray(storage, name))])
  },
}

export const stray = (...path: readonly [string, ...string[]]): Found => ({
  kind: 'file',
  id: path.slice(1).join('/'),
  facts: {},
  where: join(...path),
})

async function machineIn(storage: string, machine: string): Promise<Found[]> {
  const home = join(storage, 'machines', machine)
  const there = await names(home)
  // A disk from before there were volumes is read as one.
  const known = ['disk.qcow2', 'seed.iso', 'nvram.fd']
  return [
    ...(there.includes('seed.iso') ? [{ kind: 'seed' as const, id: machine, facts: {}, where: join(home, 'seed.iso') }] : []),
    ...(there.includes('nvram.fd') ? [{ kind: 'nvram' as const, id: machine, facts: {}, where: join(home, 'nvram.fd') }] : []),
    ...(there.length === 0 ? [stray(storage, 'machines', machine)] : []),
    ...there.filter(name => !known.includes(name)).map(name => stray(storage, 'machines', machine, name)),
  ]
}

async function imagesIn(storage: string): Promise<Found[]> {
  const found: Found[] = []
  for (const name of await names(join(storage, 'images'))) {
    const where = join(storage, 'images', name)
    const size = (await stat(where).catch(() => null))?.size
    if (size === undefined) continue
    const isWhole = /^[0-9a-f]{64}$/.test(name)
    found.push(isWhole ? { kind: 'image', id: name, facts: { bytes: size }, where, spare: true } : stray(storage, 'images', name))
  }
  return found
}

/** virtlogd keeps older parts of a log beside it, as `.log.0` and on. */
async function consolesIn(storage: string): Promise<Found[]> {
  const there = await names(join(storage, 'consoles'))
  const machines = new Set(there.flatMap(name => /^(\w+)\.log(\.\d+)?$/.exec(name)?.[1] ?? []))
  const strays = there.filter(name => !/^\w+\.log(\.\d+)?$/.test(name))
  return [
    ...[...machines].map((id): Found => ({ kind: 'console', id, facts: {}, where: join(storage, 'consoles', `${id}.log`) })),
    ...strays.map(name => stray(storage, 'consoles', name)),
  ]
}
