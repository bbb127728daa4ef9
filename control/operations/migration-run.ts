import { type Fault, ok, type Result } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { say } from '@sirocco/shared/model/messages.ts'
import type { Machine } from '../domain/machines/machine.ts'
import { nextOf } from '../domain/migrations/migration.ts'
import type { Change } from '../ports/changes.ts'
import { done, fail, type Outcome, park, type Step, type StepContext, type Workflow } from './engine.ts'

type Context = StepContext<'migration'>

/** The machine as it stands; null: it is forgotten, or gone. */
async function machineOf({ world, subject }: Context): Promise<Result<Machine | null>> {
  const found = await world.store.machines.find('platform', [subject.machine])
  if (found.ok) return ok(found.value[0] ?? null)
  return found.fault.code === 'not_found' ? ok(null) : found
}

/** The database does not answer: that is no end of a move, so the step waits. */
const later = (fault: Fault): Result<Outcome> => park(fault.message)

const touch = ({ subject: { source, target } }: Context): Change[] => [
  { do: 'host.touch', host: source },
  { do: 'host.touch', host: target },
]

/** Its two hosts are poked: what they are told is a projection of the row. */
const room: Step<'migration'> = {
  name: 'room',
  async run(context) {
    const { subject: migration, world } = context
    if (migration.phase !== 'preparing') return done()
    const machine = await machineOf(context)
    if (!machine.ok) return later(machine.fault)
    const next = nextOf(migration, machine.value ?? { power: 'gone', name: migration.machine }, {
      now: world.clock.now(),
      roomWithin: limits.moveRoom,
    })
    if (next.do === 'wait') {
      world.pokes.hosts([migration.target])
      return park(next.waiting)
    }
    const { id, version } = migration
    const phase = next.do === 'go' ? 'moving' : 'calling-off'
    return done({ do: 'migration.phase', migration: id, version, phase }, ...touch(context))
  },
}

/** Until one host has said that it has it, or will not: then the claims, and what both hosts are told, change in one batch. */
const settled: Step<'migration'> = {
  name: 'move',
  async run(context) {
    const { subject: migration, world } = context
    const { id, version, phase } = migration
    if (migration.endedAt !== null)
      return phase === 'done' ? done() : fail({ code: 'internal', message: 'the machine did not move' })
    const machine = await machineOf(context)
    if (!machine.ok) return later(machine.fault)
    const next = nextOf(migration, machine.value ?? { power: 'gone', name: migration.machine }, {
      now: world.clock.now(),
      roomWithin: limits.moveRoom,
    })
    switch (next.do) {
      case 'arrived':
        return arrived(context, machine.value)
      case 'failed':
        return failed(context, {
          code: 'internal',
          message: next.why,
          ...(next.detail === undefined ? {} : { detail: next.detail }),
        })
      case 'call-off':
        return callOff(context)
      case 'go':
        return park(say('waiting.moving'))
      case 'wait':
        world.pokes.hosts([migration.source, migration.target])
        return park(next.waiting)
    }
    // Said for the compiler: every case returns.
    throw new Error(`impossible: ${id} at version ${version}`)
  },
}

/** Written at once, and looked at again when the target has answered. */
async function callOff(context: Context): Promise<Result<Outcome>> {
  const { subject: migration, world } = context
  const { id, version } = migration
  const written = await world.store.commit([
    { do: 'migration.phase', migration: id, version, phase: 'calling-off' },
    ...touch(context),
  ])
  if (written.ok) world.pokes.hosts([migration.source, migration.target])
  return park(say('waiting.move_off'))
}

/** Hosts that share a subnet with it are told where it is now: until then frames for it go where it was. */
async function arrived({ subject: migration, operation, world }: Context, machine: Machine | null): Promise<Result<Outcome>> {
  const { id, version, source, target, project } = migration
  if (!machine) return done({ do: 'migration.phase', migration: id, version, phase: 'done' })
  const beside = await world.store.networks.beside({ machine: machine.id })
  if (!beside.ok) return later(beside.fault)
  return done(
    { do: 'migration.phase', migration: id, version, phase: 'done' },
    { do: 'migration.landed', machine: machine.id, migration: id, target },
    { do: 'migration.bury', migration: id, host: source },
    { do: 'host.touch', host: source },
    { do: 'host.touch', host: target },
    { do: 'operation.wake', subject: machine.id, generation: machine.generation },
    { do: 'operation.wake', subject: source, generation: Number.MAX_SAFE_INTEGER },
    { do: 'event', project, type: 'machine.moved', subject: machine.id, data: { operation: operation.id } },
    { do: 'port.moved', of: { machine: machine.id }, hosts: beside.value },
    { do: 'event', project: null, type: 'host.machine-moved', subject: target, data: { machine: machine.id, from: source } },
  )
}

/** The target will not run it: its claim there is freed, and what was made there goes. */
function failed({ subject: migration, operation }: Context, fault: Fault): Result<Outcome> {
  const { id, version, source, target, project, machine } = migration
  return fail(
    fault,
    { do: 'migration.phase', migration: id, version, phase: 'failed' },
    { do: 'allocation.release', consumer: id },
    { do: 'migration.bury', migration: id, host: target },
    { do: 'host.touch', host: source },
    { do: 'host.touch', host: target },
    { do: 'operation.wake', subject: machine, generation: Number.MAX_SAFE_INTEGER },
    { do: 'operation.wake', subject: source, generation: Number.MAX_SAFE_INTEGER },
    {
      do: 'event',
      project,
      type: 'machine.move-failed',
      subject: machine,
      data: { operation: operation.id, message: fault.message },
    },
  )
}

/** From an accepted move to a machine that runs on the other host, or still on its own. It cannot be given up, since a machine must be on one host, and is never superseded: what is asked of the machine meanwhile calls it off. */
export const migrationRun: Workflow<'migration'> = { kind: 'migration.run', version: 1, steps: [room, settled], persists: true }
