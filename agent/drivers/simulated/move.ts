import { second } from '@sirocco/shared/kit/clock.ts'
import { ok, type Refused, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { z } from 'zod'
import type { Definition } from '../../ports/compute.ts'
import type { Arrival, Departure, Peer } from '../../ports/move.ts'
import type { SimulatedHost } from './host.ts'
import { SimulatedMachine } from './state.ts'

/** How long, and how often, the other host is asked again what became of the machine. */
const askAgainFor = 60 * second
const askAgainEvery = 1 * second

const Question = z.discriminatedUnion('ask', [
  z.strictObject({ ask: z.literal('prepare'), machine: SimulatedMachine }),
  z.strictObject({ ask: z.literal('finish') }),
  z.strictObject({ ask: z.literal('cancel') }),
  z.strictObject({ ask: z.literal('outcome') }),
])

const stayed = ({ fault }: Refused): Departure => ({ kind: 'stayed', fault })

/** As a real hypervisor does it: prepared there, copied, paused here, and run there by the one question that cannot be taken back. */
export async function leave(
  host: SimulatedHost,
  instance: string,
  id: string,
  peer: Peer,
  cancel: AbortSignal,
): Promise<Departure> {
  const pause = (ms: number) => new Promise<void>(resolve => host.timers.after(ms, resolve))
  const ask = (question: z.output<typeof Question>) => peer.ask(JSON.stringify(question))
  const runs = () => host.machine(instance, id)?.power === 'running'
  const refused = host.refusal('compute.leave', id)
  if (refused) return stayed(refused)
  const machine = host.machine(instance, id)
  if (machine?.power !== 'running') return stayed(refuse('precondition', `${id} does not run`))

  const prepared = await ask({ ask: 'prepare', machine })
  if (!prepared.ok) return stayed(prepared)
  await pause(host.moveMs)
  const last = host.machine(instance, id)
  if (cancel.aborted || !runs() || !last) {
    await ask({ ask: 'cancel' })
    return stayed(refuse('conflict', cancel.aborted ? 'the move was called off' : 'the guest is off'))
  }
  host.put({ ...last, power: 'paused' })
  let outcome = await ask({ ask: 'finish' })
  for (const until = host.timers.now() + askAgainFor; !outcome.ok && host.timers.now() < until; ) {
    await pause(askAgainEvery)
    outcome = await ask({ ask: 'outcome' })
  }
  if (!outcome.ok) return { kind: 'unknown', fault: outcome.fault }
  const left = host.machine(instance, id)
  if (outcome.value === 'runs') {
    if (left) host.off(left, 'asked')
    return { kind: 'left' }
  }
  if (left?.power === 'paused') host.put({ ...left, power: 'running' })
  return stayed(refuse('internal', 'the machine did not start on the other host'))
}

/** Waits for a machine; what an earlier wait left is removed first. */
export function arrive(host: SimulatedHost, instance: string, definition: Definition, shape: string): Result<Arrival> {
  const { id } = definition.machine
  const refused = host.refusal('compute.arrive', id)
  if (refused) return refused
  abandon(host, instance, id)
  let open = true
  let came = false

  const answers = {
    prepare: ({ machine }: Extract<z.output<typeof Question>, { ask: 'prepare' }>): Result<string> => {
      if (!open) return refuse('precondition', 'this move is over')
      const lost = definition.disks.find(disk => !host.volumeExists(instance, disk.volume))
      if (lost || definition.disks.length === 0) return refuse('internal', `${id} has no disk`, { detail: lost?.device ?? '' })
      if (host.memoryInUseMiB() + machine.memoryMiB > host.memoryMiB) return refuse('capacity', 'the host has no memory left')
      const { disks, plugs } = definition
      host.put({
        ...machine,
        instance,
        id,
        shape,
        disks: disks.map(({ volume, device, source }) => ({ volume, device, path: source.path })),
        bridges: plugs.map(plug => plug.bridge),
        power: 'paused',
        incoming: true,
      })
      return ok('')
    },
    finish: (): Result<string> => {
      const found = host.machine(instance, id)
      if (!open || !found?.incoming) return outcome()
      host.put({ ...found, power: 'running', incoming: false })
      came = true
      return ok('runs')
    },
    cancel: (): Result<string> => {
      open = false
      abandon(host, instance, id)
      return outcome()
    },
    outcome: (): Result<string> => outcome(),
  }
  /** Asked what became of it, it does not begin to run afterwards. */
  const outcome = (): Result<string> => {
    open = false
    return ok(came || abandon(host, instance, id) === 'arrived' ? 'runs' : 'nothing')
  }

  return ok({
    async answer(text) {
      const refusal = host.refusal('compute.arrival', id)
      if (refusal) return refusal
      const question = Question.safeParse(JSON.parse(text))
      if (!question.success) return refuse('invalid', 'no question of a move')
      return question.data.ask === 'prepare' ? answers.prepare(question.data) : answers[question.data.ask]()
    },
    get came() {
      return came
    },
    socket: () => null,
    async close() {
      open = false
      const left = abandon(host, instance, id)
      return ok(came ? 'arrived' : left)
    },
  })
}

/** Does it run here, or has it? What waits for its last bytes is removed. */
export function abandon(host: SimulatedHost, instance: string, id: string): 'arrived' | 'nothing' {
  const found = host.machine(instance, id)
  if (!found?.incoming) return found ? 'arrived' : 'nothing'
  host.drop(found)
  return 'nothing'
}
