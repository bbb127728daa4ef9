import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import type { CommandBody } from '@sirocco/shared/wire/frames.ts'
import { neighbours } from '../domain/hosts/fence.ts'
import type { Change } from '../ports/changes.ts'
import type { Store } from '../ports/store.ts'
import { powerPlace } from '../services/hosts/power-place.ts'
import { intentChanges } from '../services/machines/intent-changes.ts'
import { done, park, type Step, type StepContext, type Workflow } from './engine.ts'

type Context = StepContext<'host'>

/** The power is off: by the host's management controller, which a neighbour's agent asks; by an admin's word it is so already. */
const off: Step<'host'> = {
  name: 'power-off',
  async run(context) {
    const { world, operation, subject: host } = context
    const asked = await world.store.hosts.fence(host.id, operation.generation)
    if (!asked.ok) return asked
    if (asked.value === null) return refuse('internal', `nobody asked for ${host.name} to be fenced`)
    if (asked.value.how === 'word') return done()
    const known = await world.store.commands.outcome(operation.id)
    if (!known.ok) return known
    const outcome = known.value?.outcome
    if (outcome)
      return outcome.ok
        ? done()
        : refuse('internal', `the management controller of ${host.name} did not switch it off: ${outcome.fault.message}`, {
            ...(outcome.fault.detail === undefined ? {} : { detail: outcome.fault.detail }),
          })
    const deadline = operation.createdAt + limits.fence
    if (world.clock.now() > deadline)
      return refuse(
        'internal',
        `nobody could reach the management controller of ${host.name} in time; try again, or give your word`,
      )
    const neighbour = known.value?.host ?? (await neighbourOf(context))
    if (typeof neighbour !== 'string')
      return neighbour.ok ? park('waiting for another host of its zone, which must ask its management controller') : neighbour
    const sent = await ask(context, neighbour, deadline)
    if (!sent.ok && sent.fault.code !== 'unavailable') return sent
    return park(sent.ok ? 'waiting for its management controller' : 'waiting for the host that asks its management controller')
  },
}

async function neighbourOf({ world, subject: host }: Context): Promise<Id<'host'> | Result<null>> {
  let after: string | null = null
  do {
    const page: Awaited<ReturnType<Store['hosts']['ofZone']>> = await world.store.hosts.ofZone(
      { zone: host.zone, group: null },
      { after, limit: limits.pageMax },
    )
    if (!page.ok) return page
    const heard = page.value.items.filter(({ silentSince }) => silentSince === null).map(({ id }) => id)
    const hosts = await world.store.hosts.find(heard)
    if (!hosts.ok) return hosts
    const [neighbour] = neighbours(hosts.value, host)
    if (neighbour) return neighbour.id
    after = page.value.next
  } while (after !== null)
  return ok(null)
}

/** The password goes over the link only: what is kept of the command is without it. */
async function ask({ world, operation, subject: host }: Context, by: Id<'host'>, deadline: number): Promise<Result<void>> {
  const power = await world.store.hosts.power(host.id)
  if (!power.ok) return power
  if (power.value === null) return refuse('precondition', `no management controller is known for host ${host.name} any more`)
  const { password, ...controller } = power.value
  const opened = await world.secrets.open(password, powerPlace(host.id))
  if (!opened.ok) return opened
  const body: CommandBody = { do: 'power-off', target: host.id, ...controller, password: '' }
  const kept = await world.store.commit([{ do: 'command.insert', id: operation.id, host: by, body }])
  if (!kept.ok) return kept
  return world.links.send({ id: operation.id, host: by, deadline, body: { ...body, password: opened.value.reveal() } })
}

/** From here on nothing runs there: its machines that ask for it run elsewhere, and what waits to be deleted is freed. */
const fenced: Step<'host'> = {
  name: 'fenced',
  async run({ world, operation, subject: host }) {
    const asked = await world.store.hosts.fence(host.id, operation.generation)
    if (!asked.ok) return asked
    if (asked.value === null) return refuse('internal', `nobody asked for ${host.name} to be fenced`)
    if (asked.value.at !== null) return done()
    if (host.silentSince === null)
      return refuse(
        'precondition',
        `host ${host.name} was heard from meanwhile: it is not fenced, and nothing was restarted elsewhere`,
      )
    const machines = await world.store.machines.ofHost(host.id, { after: null, limit: limits.bulk })
    if (!machines.ok) return machines
    const moves = await world.store.migrations.onHost(host.id)
    if (!moves.ok) return moves
    const { how, by } = asked.value
    const changes: Change[] = [
      { do: 'fence.land', host: host.id, generation: operation.generation },
      { do: 'migration.fenced', host: host.id },
      { do: 'host.touch', host: host.id },
      { do: 'event', project: null, type: 'host.fenced', subject: host.id, data: { how, by } },
    ]
    for (const { id, generation } of moves.value) changes.push({ do: 'operation.wake', subject: id, generation })
    for (const machine of machines.value.items) {
      if (machine.power === 'gone') changes.push({ do: 'operation.wake', subject: machine.id, generation: machine.generation })
      else if (machine.recover !== 'no') {
        const generation = machine.generation + 1
        const id = world.ids.make('operation')
        const { version, power } = machine
        changes.push(...intentChanges(machine, 'machine.recover', { machine: machine.id, version, generation, power }, id))
      }
    }
    return done(...changes)
  },
}

/** From an admin's wish to a host on which nothing runs. */
export const hostFence: Workflow<'host'> = {
  kind: 'host.fence',
  version: 1,
  steps: [off, fenced],
  failed: ({ subject: host, operation }, fault) => [
    {
      do: 'event',
      project: null,
      type: 'host.fence.failed',
      subject: host.id,
      data: { operation: operation.id, message: fault.message },
    },
  ],
}
