import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import type { WantedPool } from '@sirocco/shared/wire/objects.ts'
import type { Ran, Run } from '../programs/run.ts'
import type { RunConfined } from '../programs/sandbox.ts'
import { settle } from './files.ts'

/** A pool of Ceph. */
export type RbdPool = WantedPool & { readonly type: 'rbd' }
export const isRbd = (pool: WantedPool): pool is RbdPool => pool.type === 'rbd'

/** What this host keeps of a pool in Ceph, in the agent's own directory. */
export const cephRoom = (own: string): string => join(own, 'ceph')
const roomOf = (own: string, pool: string): string => join(cephRoom(own), pool)
export const cephConfiguration = (own: string, pool: string): string => join(roomOf(own, pool), 'ceph.conf')
export const cephKeyring = (own: string, pool: string): string => join(roomOf(own, pool), 'keyring')
export const cephHeld = (own: string, pool: string): string => join(roomOf(own, pool), 'held')

/** Images of one of our pools: the id is like no other of any cloud, so that several share a pool of Ceph. */
export const imagesOf = ({ id }: Pick<RbdPool, 'id'>): string => `sirocco.${id}.`
/** Added to the name of an image that is not whole yet, or that only what was made from its snapshots needs. */
export const making = '.making'
export const gone = '.gone'

/** For programs of ours alone, in seconds: they rather fail than hang. */
const timeouts = 'client mount timeout = 10\nrados mon op timeout = 20\nrados osd op timeout = 60\n'

const configuration = ({ monitors }: RbdPool, keyring: string): string =>
  `[global]\nmon host = ${monitors.join(',')}\nkeyring = ${keyring}\n${timeouts}log file =\nlog to stderr = false\nerr to stderr = false\nadmin socket =\n`

/** Exit codes are the error numbers of Linux. */
const errors = {
  notPermitted: 1,
  notThere: 2,
  denied: 13,
  busy: 16,
  thereAlready: 17,
  noSpace: 28,
  notEmpty: 39,
  timedOut: 110,
  quota: 122,
} as const
export const wasNotThere = ({ code }: Ran): boolean => code === errors.notThere
export const wasThereAlready = ({ code }: Ran): boolean => code === errors.thereAlready
export const hasSnapshots = ({ code }: Ran): boolean => code === errors.notEmpty

/** What a failed program of Ceph means. */
export function rbdFault(what: string, ran: Ran) {
  const detail = ran.stderr.trim().slice(0, 2_000)
  if (/ENOENT/.test(ran.stderr) && ran.code === null)
    return refuse('unavailable', 'this host has no program rbd: install ceph-common and qemu-block-extra', { detail })
  if (ran.code === errors.noSpace || ran.code === errors.quota) return refuse('capacity', 'the pool in Ceph is full', { detail })
  if (ran.code === errors.busy) return refuse('unavailable', 'a host has it open, or had until a moment ago', { detail })
  if (ran.code === errors.notPermitted || ran.code === errors.denied)
    return refuse('unavailable', 'Ceph does not let its user do this: look at its key and its capabilities', { detail })
  if (ran.code === null || ran.code === errors.timedOut || /connect to the cluster|imed out|initializ/.test(ran.stderr))
    return refuse('unavailable', 'Ceph does not answer', { detail })
  return refuse('internal', `${what} failed`, { detail })
}

/** Programs that speak to Ceph, each told how by a file that root alone reads. */
export class CephPrograms {
  readonly #own: string
  readonly #run: Run
  readonly #confined: RunConfined

  constructor(own: string, run: Run, confined: RunConfined) {
    this.#own = own
    this.#run = run
    this.#confined = confined
  }

  /** Writes down how the pool is reached, where that is not so yet; the key comes with the pool itself. */
  async reach(pool: RbdPool): Promise<Result<void>> {
    if (!/^[A-Za-z0-9_-]{1,64}$/.test(pool.id)) return refuse('invalid', 'not a pool id')
    await mkdir(roomOf(this.#own, pool.id), { recursive: true, mode: 0o711 })
    const keyring = cephKeyring(this.#own, pool.id)
    if (pool.key !== undefined) await keep(keyring, `[client.${pool.user}]\n\tkey = ${pool.key}\n`)
    else if ((await readFile(keyring, 'utf8').catch(() => null)) === null)
      return refuse('unavailable', 'waiting for the key to the pool in Ceph')
    await keep(join(roomOf(this.#own, pool.id), 'pool'), `${pool.path}\n`)
    await keep(cephConfiguration(this.#own, pool.id), configuration(pool, keyring))
    return ok(undefined)
  }

  /** What takes no longer than any program may. */
  ask(pool: RbdPool, program: 'rbd' | 'ceph', words: readonly string[]): Promise<Ran> {
    return this.#run(program, [...this.#as(pool), ...words])
  }

  /** What takes as long as bytes take. */
  work(pool: RbdPool, words: readonly string[]): Promise<Ran> {
    return this.#confined('rbd', [...this.#as(pool), ...words], reaching)
  }

  /** Writes what a file of a disk holds into an image that is there and holds nothing. */
  fill(pool: RbdPool, image: string, from: { readonly path: string; readonly format: string }): Promise<Ran> {
    const target = this.forQemu(pool, plain(image))
    const words = ['convert', '-q', '-n', '--target-is-zero', '-f', from.format, '-O', 'raw', from.path, target]
    return this.#confined('qemu-img', words, reaching)
  }

  /** An image, or a snapshot of one, as QEMU's programs open it. */
  forQemu(pool: RbdPool, image: string): string {
    return `rbd:${pool.path}/${image}:id=${plain(pool.user)}:conf=${plain(cephConfiguration(this.#own, pool.id))}`
  }

  #as(pool: RbdPool): readonly string[] {
    return ['--conf', cephConfiguration(this.#own, pool.id), '--id', pool.user]
  }
}

/** What means something in QEMU's way to write it. */
const plain = (text: string) => text.replaceAll(/[\\:@=]/g, found => `\\${found}`)

/** It writes no file at all. */
const reaching = { fileBytes: 0, timeout: limits.convert, reads: true, network: true } as const

/** For root alone. */
async function keep(path: string, text: string): Promise<void> {
  if ((await readFile(path, 'utf8').catch(() => null)) === text) return
  const making = `${path}.making`
  await rm(making, { force: true })
  await writeFile(making, text, { mode: 0o600 })
  await settle(making, path)
}
