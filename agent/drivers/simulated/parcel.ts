import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { z } from 'zod'
import type { Arrival, Departure, Peer } from '../../ports/move.ts'
import type { SimulatedHost } from './host.ts'
import { Volume } from './state.ts'

/** How long, and how often, the other host is asked again what became of them. Milliseconds. */
const askAgain = { within: 60_000, every: 1_000 } as const

const Question = z.discriminatedUnion('ask', [
  z.strictObject({ ask: z.literal('finish'), volumes: z.record(z.string(), Volume) }),
  z.strictObject({ ask: z.literal('outcome') }),
])

/** As a real pool does it: all is sent, and put in place there by the one question that cannot be taken back. */
export async function sendVolumes(
  host: SimulatedHost,
  instance: string,
  ids: readonly string[],
  peer: Peer,
  cancel: AbortSignal,
): Promise<Departure> {
  const pause = (ms: number) => new Promise<void>(resolve => host.timers.after(ms, resolve))
  const ask = (question: z.output<typeof Question>) => peer.ask(JSON.stringify(question))
  const [first = ''] = ids
  const refused = host.refusal('volumes.send', first)
  if (refused) return { kind: 'stayed', fault: refused.fault }
  await pause(host.moveMs)
  if (cancel.aborted) return { kind: 'stayed', fault: { code: 'conflict', message: 'the move was called off' } }
  const volumes: Record<string, z.output<typeof Volume>> = {}
  for (const id of ids) {
    const volume = host.store(instance).volumes[id]
    if (!volume) return { kind: 'stayed', fault: { code: 'not_found', message: 'the volume is not on this host', detail: id } }
    volumes[id] = volume
  }
  let outcome = await ask({ ask: 'finish', volumes })
  for (const until = host.timers.now() + askAgain.within; !outcome.ok && host.timers.now() < until; ) {
    await pause(askAgain.every)
    outcome = await ask({ ask: 'outcome' })
  }
  if (!outcome.ok) return { kind: 'unknown', fault: outcome.fault }
  return outcome.value === 'here'
    ? { kind: 'left' }
    : { kind: 'stayed', fault: { code: 'internal', message: 'the other host did not take its volumes in' } }
}

/** Waits for them; they are made, and become what is sent. */
export function takeVolumes(host: SimulatedHost, instance: string, ids: readonly string[]): Result<Arrival> {
  const [first = ''] = ids
  const refused = host.refusal('volumes.take', first)
  if (refused) return refused
  let outcome: 'open' | 'here' | 'nothing' = 'open'
  const over = () => {
    if (outcome === 'open') outcome = 'nothing'
    return outcome
  }
  return ok({
    async answer(text) {
      const refusal = host.refusal('volumes.arrival', first)
      if (refusal) return refusal
      const question = Question.safeParse(JSON.parse(text))
      if (!question.success) return refuse('invalid', 'no question of a move')
      if (question.data.ask === 'outcome' || outcome !== 'open') return ok(over())
      const { volumes } = host.store(instance)
      for (const [id, sent] of Object.entries(question.data.volumes)) {
        const made = volumes[id]
        if (!made || !ids.includes(id)) return refuse('precondition', 'these are not the volumes of the machine', { detail: id })
        volumes[id] = { ...sent, base: made.base, content: made.content, layer: made.layer }
      }
      host.saved()
      outcome = 'here'
      return ok(outcome)
    },
    get came() {
      return outcome === 'here'
    },
    socket: () => null,
    async close() {
      return ok(over() === 'here' ? 'arrived' : 'nothing')
    },
  })
}
