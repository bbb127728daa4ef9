import { readdir, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { ok, type Result } from '@sirocco/shared/kit/fault.ts'
import { MiB } from '@sirocco/shared/kit/units.ts'
import { z } from 'zod'
import { read } from '../../run.ts'
import type { Found } from '../item.ts'
import type { Reader } from './reader.ts'

/** `qemu-img info`, of which only what decides. */
const Info = z.object({ 'virtual-size': z.number(), 'backing-filename': z.string().optional() })

const names = (dir: string): Promise<string[]> => readdir(dir).catch(() => [])

/** What lies under the storage directory: disks, seeds, images, logs of consoles, and what else. */
export const files: Reader = {
  kinds: ['disk', 'seed', 'nvram', 'image', 'console', 'file'],
  async read({ storage }) {
    const found: Found[] = [...(await imagesIn(storage)), ...(await consolesIn(storage))]
    for (const machine of await names(join(storage, 'machines'))) {
      const of = await machineIn(storage, machine)
      if (!of.ok) return of
      found.push(...of.value)
    }
    const rooms = ['machines', 'images', 'consoles']
    return ok([...found, ...(await names(storage)).filter(name => !rooms.includes(name)).map(name => stray(storage, name))])
  },
}

const stray = (...path: readonly [string, ...string[]]): Found => ({
  kind: 'file',
  id: path.slice(1).join('/'),
  facts: {},
  where: join(...path),
})

async function machineIn(storage: string, machine: string): Promise<Result<Found[]>> {
  const home = join(storage, 'machines', machine)
  const there = await names(home)
  const found: Found[] = []
  if (there.includes('disk.qcow2')) {
    const path = join(home, 'disk.qcow2')
    const info = await read('qemu-img', ['info', '-U', '--output=json', path])
    if (!info.ok && (await stat(path).catch(() => null)) !== null) return info
    if (info.ok) found.push(diskOf(machine, path, info.value))
  }
  if (there.includes('seed.iso')) found.push({ kind: 'seed', id: machine, facts: {}, where: join(home, 'seed.iso') })
  if (there.includes('nvram.fd')) found.push({ kind: 'nvram', id: machine, facts: {}, where: join(home, 'nvram.fd') })
  const known = ['disk.qcow2', 'seed.iso', 'nvram.fd']
  if (!there.includes('disk.qcow2')) found.push(stray(storage, 'machines', machine))
  return ok([...found, ...there.filter(name => !known.includes(name)).map(name => stray(storage, 'machines', machine, name))])
}

function diskOf(machine: string, path: string, printed: string): Found {
  const info = Info.safeParse(JSON.parse(printed))
  const facts = info.success ? { mib: info.data['virtual-size'] / MiB, base: basename(info.data['backing-filename'] ?? '') } : {}
  return { kind: 'disk', id: machine, facts, where: path }
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
