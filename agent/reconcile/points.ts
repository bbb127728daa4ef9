import { assert } from '@sirocco/shared/kit/assert.ts'
import type { Backups } from '../ports/backups.ts'
import type { Compute } from '../ports/compute.ts'
import type { Disk } from '../ports/disk.ts'
import type { Importer } from '../ports/importer.ts'
import type { Networks } from '../ports/network.ts'
import type { Storage } from '../ports/storage.ts'
import type { Volumes } from '../ports/volumes.ts'

/** Called at every crash point; a test ends the process there. */
export type At = (point: string) => Promise<void>

export const nowhere: At = async () => {}

/** Of each verb: does it change something outside this process? Between any two that do, a crash must be harmless. */
const verbs = {
  'port.compute': {
    fingerprint: false,
    list: false,
    describe: false,
    define: true,
    start: true,
    askToStop: true,
    pause: true,
    suspend: true,
    cut: true,
    reboot: true,
    undefine: true,
    disks: false,
    attach: true,
    detach: true,
    resize: true,
    switchDisk: true,
    leave: true,
    arrive: true,
    adopt: true,
    abandon: true,
    stay: true,
    switchDisks: true,
    mergeDisk: true,
    consoleLog: false,
    console: false,
    screen: false,
    screenshot: false,
    guestFacts: false,
    setGuestPassword: true,
    addGuestKeys: true,
    counters: false,
    watch: false,
    close: false,
  },
  'port.storage': {
    has: false,
    keep: true,
    images: false,
    dropImage: true,
    room: false,
    prepare: true,
    remove: true,
    list: false,
    capacityMiB: false,
  },
  'port.volumes': {
    // What it forgets is written anew whenever it is needed.
    keepOnly: false,
    room: false,
    find: false,
    make: true,
    grow: true,
    revert: true,
    remove: true,
    list: false,
    hasSnapshot: false,
    snapshot: true,
    keepMoment: true,
    removeSnapshot: true,
    frozen: false,
    bases: false,
    snapshots: false,
    merges: false,
    merge: true,
    still: false,
    send: true,
    take: true,
  },
  'port.networks': { apply: true, plug: false, list: false, warnings: false },
  'port.importer': { make: true, keepOnly: true },
  'port.backups': { take: true, bring: true, keepOnly: true },
} as const satisfies {
  'port.compute': Record<keyof Compute, boolean>
  'port.storage': Record<keyof Storage, boolean>
  'port.volumes': Record<keyof Volumes, boolean>
  'port.networks': Record<keyof Networks, boolean>
  'port.importer': Record<keyof Importer, boolean>
  'port.backups': Record<keyof Backups, boolean>
}
type Port = keyof typeof verbs

const effectsOf = (port: Port): string[] => Object.entries(verbs[port]).flatMap(([verb, changes]) => (changes ? [verb] : []))

/** The agent's own files, by the first word of their names, and what is done to them. */
const files = {
  journal: ['append', 'replace'],
  desired: ['replace'],
  outbox: ['append', 'replace'],
  usage: ['append', 'replace'],
} as const satisfies Record<string, readonly Exclude<keyof Disk, 'read'>[]>

const around = (name: string, done: readonly string[]) =>
  done.flatMap(verb => [`${name}.${verb}.before`, `${name}.${verb}.after`])

/** Every crash point there is. */
export const points: readonly string[] = [
  ...(['port.compute', 'port.storage', 'port.volumes', 'port.networks', 'port.importer', 'port.backups'] as const).flatMap(port =>
    around(port, effectsOf(port)),
  ),
  ...Object.entries(files).flatMap(([name, done]) => around(name, done)),
]
const known = new Set(points)

/** The same port with a crash point before and after each effect. */
export const withPoints = <T extends object>(port: T, name: Port, at: At): T =>
  wrapped(port, effectsOf(name), verb => `${name}.${verb}`, at)

/** The same disk with a crash point before and after each write. */
export const diskWithPoints = (disk: Disk, at: At): Disk =>
  wrapped(disk, ['append', 'replace'], (verb, [file]) => `${String(file).split(/[-.]/, 1)[0]}.${verb}`, at)

function wrapped<T extends object>(
  port: T,
  verbs: readonly string[],
  pointOf: (verb: string, args: readonly unknown[]) => string,
  at: At,
): T {
  return new Proxy(port, {
    get(target, key) {
      const member: unknown = Reflect.get(target, key, target)
      if (typeof member !== 'function') return member
      if (typeof key !== 'string' || !verbs.includes(key)) return member.bind(target)
      return async (...args: unknown[]): Promise<unknown> => {
        const point = pointOf(key, args)
        assert(known.has(`${point}.before`), `${point} has no crash point`)
        await at(`${point}.before`)
        const result: unknown = await Reflect.apply(member, target, args)
        await at(`${point}.after`)
        return result
      }
    },
  })
}
