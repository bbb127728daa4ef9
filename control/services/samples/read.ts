import { hour } from '@sirocco/shared/kit/clock.ts'
import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { type Sample, Samples } from '@sirocco/shared/wire/samples.ts'
import { z } from 'zod'
import { pointsOf, stepFor } from '../../domain/samples/points.ts'
import { Ref } from '../inputs.ts'
import { type Context, read } from '../verb.ts'

/** ms since the epoch, and ms; what is not said: the last hour, in a step that a chart shows well. */
const Span = z.object({ from: z.int().optional(), to: z.int().optional(), step: z.int().optional() })

export interface Usage {
  readonly from: number
  readonly to: number
  readonly step: number
  readonly points: readonly Sample[]
  /** Did the host itself answer? Otherwise there is history alone, up to its last five minutes. */
  readonly live: boolean
}

interface Asked {
  /** Where to ask for what is recent; null: nowhere. */
  readonly host: Id<'host'> | null
  readonly machine: Id<'machine'> | null
  /** What was kept. */
  history(from: number, to: number): Promise<Result<readonly Sample[]>>
}

/** How busy a machine was. */
export const machineUsage = read('machines.samples', {
  input: Span.extend({ machine: Ref }),
  async run(context, { machine: ref, ...span }) {
    const found = await context.store.machines.find(context.scope, [ref])
    if (!found.ok) return found
    const [machine] = found.value
    if (!machine) throw new Error('impossible: found, and not there')
    const { id, host } = machine
    return usage(context, span, { host, machine: id, history: (from, to) => context.store.samples.ofMachine(id, from, to) })
  },
})

/** How busy a host was: for admins. */
export const hostUsage = read('hosts.list', {
  input: Span.extend({ host: z.string().min(1).max(64) }),
  async run(context, { host: ref, ...span }) {
    const host = ref as Id<'host'>
    const known = await context.store.agents.ofHost(host)
    if (!known.ok) return known
    return usage(context, span, { host, machine: null, history: (from, to) => context.store.samples.ofHost(host, from, to) })
  },
})

async function usage(context: Context, span: z.output<typeof Span>, asked: Asked): Promise<Result<Usage>> {
  const now = context.clock.now()
  const to = span.to ?? now
  const from = span.from ?? to - hour
  if (from >= to) return refuse('invalid', 'from: must be before to', { field: 'from' })
  if (to - from > limits.sampleRetention)
    return refuse('invalid', `from: at most ${limits.sampleRetention / (24 * hour)} days are kept; ask for less`, {
      field: 'from',
    })
  const step = span.step ?? stepFor(to - from)
  if (step < limits.sampleEvery)
    return refuse('invalid', `step: at least ${limits.sampleEvery / 1_000} seconds`, { field: 'step' })
  if ((to - from) / step > limits.samplePoints)
    return refuse('invalid', `step: more than ${limits.samplePoints} points; ask for a longer step or less time`, {
      field: 'step',
    })

  const remembered = now - limits.sampleRing * limits.sampleEvery
  const recent = to > remembered ? await recentOf(context, asked, Math.max(from, remembered)) : ok([])
  const live = recent.ok ? recent.value : []
  const first = live[0]?.at ?? to
  const older = from < first - limits.sampleWindow ? await asked.history(from, to) : ok([])
  if (!older.ok) return older
  const before = older.value.filter(({ at }) => at < first - limits.sampleEvery)
  const within = [...before, ...live.filter(({ at }) => at <= to)]
  return ok({ from, to, step, points: pointsOf(within, step), live: recent.ok })
}

/** What the host's agent remembers. */
async function recentOf({ links, ids }: Context, { host, machine }: Asked, after: number): Promise<Result<readonly Sample[]>> {
  if (!host) return ok([])
  const answer = await links.ask({ id: ids.make('command'), host, body: { do: 'samples', machine, after } })
  if (!answer.ok) return answer
  try {
    const samples = Samples.safeParse(JSON.parse(answer.value))
    if (samples.success) return ok(samples.data)
  } catch {
    // Falls through to the same refusal.
  }
  return refuse('unavailable', 'the host gave an answer that cannot be read')
}
