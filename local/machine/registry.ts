import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { overlaps } from '../../shared/kit/ipv4.ts'
import { pick, type Random } from '../../shared/kit/random.ts'

/** What all instances of a machine share: who has which tag and range, our libvirtd's configuration, machine disks. */
export const machineFolder = '/var/lib/sirocco'
/** Where instances claim theirs. */
export const registryFolder = join(machineFolder, 'instances')

/** What an instance may call its own on this machine; nobody else's name begins so, no other range overlaps. */
export const Claim = z.object({
  instance: z.string(),
  /** Three characters that begin the names of its links, tables and namespaces. */
  tag: z.string().regex(/^[a-z][a-z0-9]{2}$/),
  /** The zone's range, of which every network takes a part. */
  pool: z.string(),
  data: z.string(),
})
export type Claim = z.infer<typeof Claim>

/** 10.64.0.0/16 to 10.127.0.0/16: seldom used by homes, offices, Docker or libvirt itself. */
const pools = Array.from({ length: 64 }, (_, i) => `10.${64 + i}.0.0/16`)

/** Of a simulated instance, which touches nothing of the machine and so asks nobody. */
export const firstPool = '10.64.0.0/16'

const Routes = z.array(z.object({ dst: z.string() }))

/** Where this machine already leads packets, as far as IPv4 goes and the default route aside. */
export function routesHere(): string[] {
  const output = execFileSync('ip', ['-j', '-4', 'route', 'show', 'table', 'all'], { encoding: 'utf8' })
  return Routes.parse(JSON.parse(output.trim() || '[]'))
    .map(({ dst }) => dst)
    .filter(dst => /^\d+\.\d+\.\d+\.\d+(?:\/\d+)?$/.test(dst) && !dst.endsWith('/0'))
    .map(dst => (dst.includes('/') ? dst : `${dst}/32`))
}

const exclusively = (file: string, text: string): boolean => {
  try {
    writeFileSync(file, text, { flag: 'wx', mode: 0o600, flush: true })
    return true
  } catch (reason) {
    if (reason instanceof Error && 'code' in reason && reason.code === 'EEXIST') return false
    throw reason
  }
}

const read = (file: string): Claim | undefined => {
  try {
    return Claim.safeParse(JSON.parse(readFileSync(file, 'utf8'))).data
  } catch {
    return undefined
  }
}

/** All claims on this machine. */
export const claims = (folder: string): Claim[] => {
  try {
    return readdirSync(folder)
      .filter(name => /^[a-z0-9]{3}\.json$/.test(name))
      .map(name => read(join(folder, name)))
      .filter(claim => claim !== undefined)
  } catch {
    return []
  }
}

/** A claim file that was torn before its second half names nobody; after this long nobody is writing it any more. */
const tornMs = 10_000

/**
 * What this instance has claimed, or now claims: a tag and a range that nobody else on this machine has. Each is a file that can
 * be made once, so that two first starts at the same moment never get the same. `undefined`: everything is taken.
 */
export function claim(
  folder: string,
  { instance, data }: Pick<Claim, 'instance' | 'data'>,
  { random, routes, now }: { random: Random; routes: readonly string[]; now: number },
): Claim | undefined {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const had = claims(folder).find(known => known.instance === instance)
  if (had) return had

  const free = pools.filter(pool => !routes.some(route => overlaps(route, pool)))
  const pool = free.find(candidate => {
    const file = join(folder, `${candidate.replace('/', '_')}.pool`)
    if (exclusively(file, instance)) return true
    return readFileSync(file, 'utf8') === instance || takeOver(folder, file, instance, now)
  })
  if (!pool) return undefined

  for (let tries = 0; tries < 1_000; tries++) {
    const tag =
      pick(random, [...'abcdefghijklmnopqrstuvwxyz']) +
      pick(random, [...'abcdefghijklmnopqrstuvwxyz0123456789']) +
      pick(random, [...'0123456789'])
    const made = { instance, tag, pool, data }
    if (exclusively(join(folder, `${tag}.json`), `${JSON.stringify(made)}\n`)) return made
  }
  return undefined
}

/** A range whose owner died between its two files. */
function takeOver(folder: string, file: string, instance: string, now: number): boolean {
  const owner = readFileSync(file, 'utf8')
  const known = claims(folder).some(other => other.instance === owner)
  if (known || now - statSync(file).mtimeMs < tornMs) return false
  rmSync(file, { force: true })
  return exclusively(file, instance)
}

/** Gives back what an instance that is no more had claimed. */
export function unclaim(folder: string, instance: string): void {
  for (const { tag, pool } of claims(folder).filter(known => known.instance === instance)) {
    rmSync(join(folder, `${tag}.json`), { force: true })
    rmSync(join(folder, `${pool.replace('/', '_')}.pool`), { force: true })
  }
}
