import { type Client, type InArgs, type InStatement, LibsqlError, type TransactionMode } from '@libsql/client/web'
import { below, chance, type Random } from '@sirocco/shared/kit/random.ts'
import type { FaultCount } from './faults.ts'
import type { Life } from './life.ts'
import type { SimulatedTime } from './time.ts'

/** How often, of one call. */
export interface Losses {
  /** The answer takes seconds. */
  readonly late: number
  /** It landed; the answer never comes. */
  readonly answer: number
  /** It never gets there. */
  readonly request: number
  /** The caller is told that it failed, and then it lands. */
  readonly lands: number
  readonly throttled: number
}
export const noLosses: Losses = { late: 0, answer: 0, request: 0, lands: 0, throttled: 0 }

export interface Network {
  losses: Losses
  /** Nothing answers at all. */
  away: boolean
}

/** Milliseconds: a usual round trip at most, a slow one, what a caller waits, and how long after that a stray request may still land. */
const usual = 8
const slow = 4_000
const patience = 10_000
const stray = 15_000

/**
 * The database across a network that loses things, as one process sees it. An error that says nothing about whether the call
 * landed is a plain `TypeError`, as `fetch` throws it.
 */
export function lossyClient(
  inner: Client,
  {
    life,
    time,
    random,
    network,
    faults,
  }: { life: Life; time: SimulatedTime; random: Random; network: Network; faults: FaultCount },
): Client {
  const lost = () => new TypeError('fetch failed')

  /** Requests travel by true time: they land whether or not their sender still lives. */
  const travel = (ms: number) => new Promise<void>(resolve => time.after(ms, resolve))

  const call = async <T>(send: () => Promise<T>): Promise<T> => {
    if (!life.alive) return new Promise(() => {})
    return life.hold(over(send))
  }
  const over = async <T>(send: () => Promise<T>): Promise<T> => {
    const { losses } = network
    if (network.away) {
      faults.add('database away')
      await travel(below(random, usual))
      throw lost()
    }
    if (chance(random, losses.throttled)) {
      faults.add('database throttled')
      await travel(below(random, usual))
      throw new LibsqlError('Server returned HTTP status 429', 'SERVER_ERROR')
    }
    if (chance(random, losses.request)) {
      faults.add('database request lost')
      await travel(below(random, patience))
      throw lost()
    }
    if (chance(random, losses.lands)) {
      faults.add('database request landed late')
      await travel(below(random, usual))
      time.after(1 + below(random, stray), () => void send().catch(() => {}))
      throw lost()
    }
    if (chance(random, losses.late)) {
      faults.add('database late')
      await travel(below(random, slow))
    }
    await travel(below(random, usual))
    const answer = await settled(send)
    await travel(below(random, usual))
    if (chance(random, losses.answer)) {
      faults.add('database answer lost')
      await travel(below(random, patience))
      throw lost()
    }
    if (answer.ok) return answer.value
    throw answer.error
  }

  const batch = (statements: (InStatement | [string, InArgs?])[], mode?: TransactionMode) =>
    call(() => inner.batch(statements, mode))
  const execute = (statement: InStatement | string, args?: InArgs) =>
    call(() => (typeof statement === 'string' ? inner.execute(statement, args) : inner.execute(statement)))
  return {
    get closed() {
      return !life.alive
    },
    protocol: inner.protocol,
    batch,
    execute,
    migrate: statements => call(() => inner.migrate(statements)),
    transaction: () => call(() => inner.transaction('write')),
    executeMultiple: sql => call(() => inner.executeMultiple(sql)),
    sync: () => call(() => inner.sync()),
    reconnect() {},
    close() {},
  }
}

type Settled<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: unknown }

/** The server has done it, or refused, before anything can go wrong on the way back. */
async function settled<T>(send: () => Promise<T>): Promise<Settled<T>> {
  try {
    return { ok: true, value: await send() }
  } catch (error) {
    return { ok: false, error }
  }
}
