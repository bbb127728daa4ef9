import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { GiB, KiB, MiB } from '../shared/kit/units.ts'
import { hostNeeds, missing } from './packages.mjs'
import { Stop } from './stop.ts'

/** Below this a database that grows, or one machine's disk, would soon fill the file system. */
const room = { simulated: 200 * MiB, real: 1 * GiB } as const
/** workerd dies when it runs out of descriptors; a live object holds four. */
const descriptors = 4_096

const codeOf = (reason: unknown): string =>
  reason instanceof Error && 'code' in reason && typeof reason.code === 'string' ? reason.code : 'unknown'

/** With the folders above it. Not by Node's own `recursive`, which never returns where the file system refuses by ENOENT, as /proc does. */
function makeFolder(path: string): void {
  if (existsSync(path)) return
  if (dirname(path) !== path) makeFolder(dirname(path))
  mkdirSync(path, { mode: 0o700 })
}

/** A data directory that is ours alone to read, and can be written to. */
export function prepareFolder(data: string): void {
  const probe = join(data, '.probe')
  try {
    makeFolder(data)
    accessSync(data, constants.W_OK | constants.X_OK)
    // Of some size: an empty file finds room on a full disk, too.
    writeFileSync(probe, 'x'.repeat(4 * KiB))
  } catch (reason) {
    if (codeOf(reason) === 'ENOSPC')
      throw new Stop(`The file system of ${data} is full: free some space or choose another place by --data.`)
    throw new Stop(`${data} cannot be written to (${codeOf(reason)}): choose another place by --data DIR.`)
  } finally {
    if (existsSync(probe)) rmSync(probe)
  }
}

export function checkSpace(folder: string, simulated: boolean): void {
  const { bavail, bsize } = statfsSync(folder)
  const need = simulated ? room.simulated : room.real
  if (bavail * bsize >= need) return
  const have = Math.floor((bavail * bsize) / MiB)
  throw new Stop(
    `The disk is full: ${folder} has ${have} MiB left and needs ${need / MiB}; free some space or choose another place.`,
  )
}

/** For machines of its own this needs root, and QEMU with libvirt. */
export function checkHost(): void {
  if (process.getuid?.() !== 0)
    throw new Stop('Only root can run machines on this host: run this as root, or with --simulated for made-up hosts.')
  const names = missing(hostNeeds)
  if (names.length > 0)
    throw new Stop(`This host lacks ${names.join(', ')}: install them with apt-get, or use --simulated for made-up hosts.`)
}

const isFree = (address: string, port: number): Promise<string | undefined> =>
  new Promise(resolve => {
    const server = createServer()
    server.once('error', reason => resolve(codeOf(reason)))
    server.listen({ host: address, port, exclusive: true }, () => server.close(() => resolve(undefined)))
  })

/** Both ports, on every address they will be listened to at. */
export async function checkPorts(addresses: readonly string[], port: number): Promise<void> {
  for (const [address, each] of addresses.flatMap(at => [[at, port] as const, [at, port + 1] as const])) {
    const problem = await isFree(address, each)
    if (problem === 'EADDRINUSE')
      throw new Stop(`Port ${each} of ${address} is taken: choose another pair by --port N (it takes N and N+1).`)
    if (problem === 'EADDRNOTAVAIL') throw new Stop(`${address} is no address of this machine: give one of its own to --listen.`)
    if (problem !== undefined)
      throw new Stop(`Port ${each} of ${address} cannot be listened to (${problem}): choose another by --port N.`)
  }
}

/** Descriptors this process and workerd may open; the soft limit, which is what they get. */
export function descriptorWarning(): string | undefined {
  const line = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))
  const limit = Number(line?.[1] ?? Number.POSITIVE_INFINITY)
  if (limit >= descriptors) return undefined
  return `Only ${limit} open files are allowed (ulimit -n): that is enough for about ${Math.floor((limit - 500) / 4)} live objects.`
}
