import { readdir, readFile } from 'node:fs/promises'
import { KiB } from '@sirocco/shared/kit/units.ts'
import type { Counters } from '../../ports/compute.ts'

/** Of /proc/stat: USER_HZ is 100 on every Linux that Node runs on. */
const nsOfTick = 1e7
/** /proc/diskstats counts in sectors of 512 bytes, whatever the disk's own. */
const sector = 512

/** Ticks in which any CPU was busy: all but idle and waiting for disks; guests' are in user's already. */
export function busyTicks(stat: string): number {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] =
    /^cpu +(.*)$/m.exec(stat)?.[1]?.split(' ').map(Number) ?? []
  return user + nice + system + irq + softirq + steal
}

export function memoryInUse(meminfo: string): number {
  const of = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(meminfo)?.[1] ?? 0)
  return Math.max(0, of('MemTotal') - of('MemAvailable')) * KiB
}

/** Bytes read and written of whole disks: partitions, and what lies on top of disks, would count twice. */
export function diskBytes(diskstats: string): { read: number; written: number } {
  let [read, written] = [0, 0]
  for (const line of diskstats.split('\n')) {
    const [, , name = '', , , sectorsRead, , , , sectorsWritten] = line.trim().split(/\s+/)
    if (!/^((sd|vd|xvd|hd)[a-z]+|nvme\d+n\d+|mmcblk\d+)$/.test(name)) continue
    read += Number(sectorsRead) * sector
    written += Number(sectorsWritten) * sector
  }
  return { read, written }
}

/** Bytes that these interfaces received and sent. */
export function networkBytes(dev: string, interfaces: ReadonlySet<string>): { received: number; sent: number } {
  let [received, sent] = [0, 0]
  for (const line of dev.split('\n')) {
    const [name = '', figures = ''] = line.split(':')
    if (!interfaces.has(name.trim())) continue
    const fields = figures.trim().split(/\s+/).map(Number)
    received += fields[0] ?? 0
    sent += fields[8] ?? 0
  }
  return { received, sent }
}

/** Where the host's default routes go: what stands in for its cards where it has none of its own, as in a namespace. */
export const routedInterfaces = (route: string): string[] =>
  route.split('\n').flatMap(line => {
    const [name, destination] = line.split('\t')
    return name !== undefined && destination === '00000000' ? [name] : []
  })

async function uplinks(): Promise<ReadonlySet<string>> {
  const names = await readdir('/sys/class/net').catch(() => [])
  const cards = await Promise.all(
    names.map(async name => ((await readdir(`/sys/class/net/${name}/device`).catch(() => null)) === null ? [] : [name])),
  )
  const physical = cards.flat()
  return new Set(physical.length > 0 ? physical : routedInterfaces(await text('/proc/net/route')))
}

const text = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '')

/** What the whole host has used so far, by its kernel. */
export async function hostCounters(): Promise<Counters> {
  const [stat, meminfo, diskstats, dev, interfaces] = await Promise.all([
    text('/proc/stat'),
    text('/proc/meminfo'),
    text('/proc/diskstats'),
    text('/proc/net/dev'),
    uplinks(),
  ])
  const disk = diskBytes(diskstats)
  const network = networkBytes(dev, interfaces)
  return {
    cpuNs: busyTicks(stat) * nsOfTick,
    memoryBytes: memoryInUse(meminfo),
    diskReadBytes: disk.read,
    diskWrittenBytes: disk.written,
    receivedBytes: network.received,
    sentBytes: network.sent,
  }
}
