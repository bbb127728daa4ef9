import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { WantedMachine, WantedNetwork } from '@sirocco/shared/wire/objects.ts'
import type { Compute, Definition, MachineDisk, MachineFiles } from '../ports/compute.ts'
import type { Networks } from '../ports/network.ts'
import type { Storage } from '../ports/storage.ts'
import { type MachineStep, machineSteps } from './facts.ts'
import type { ImageRoom } from './image-room.ts'
import type { Moves } from './moves.ts'
import type { NetworkRoom } from './network-room.ts'
import type { Step } from './plan.ts'

/** One try at a plan: where its steps leave what later ones need. */
export interface Attempt {
  readonly machine: WantedMachine
  readonly compute: Compute
  readonly storage: Storage
  readonly networks: { readonly room: NetworkRoom; find(id: string): WantedNetwork | undefined; plug: Networks['plug'] }
  readonly images: ImageRoom
  /** The machine's volumes, each made. */
  disks(): Promise<Result<readonly MachineDisk[]>>
  /** While nothing else is done to the machine's volumes. */
  alone<T>(run: () => Promise<T>): Promise<T>
  /** Ends what is done to the files of its volumes. */
  still(): Promise<void>
  readonly moves: Moves
  /** For the person who waits; null: nothing to say any more. */
  progress(text: string | null): void
  /** Whether this machine's ports belong on the host. */
  carryPorts(carry: boolean): void
  files: MachineFiles | null
  /** Networks are made while the disk is; whoever plugs in waits for both. */
  plugged: Promise<Result<void>>
}

/** How each step is done. Each may run twice and lands once, as the ports promise. */
export const executors = {
  network: async attempt => {
    const { machine, networks, carryPorts } = attempt
    const absent = machine.ports.find(port => !networks.find(port.network))
    if (absent) return refuse('unavailable', `waiting for network ${absent.network}`)
    carryPorts(true)
    attempt.plugged = plugged(attempt)
    return ok(undefined)
  },
  fetch: async ({ machine, images, progress }) => {
    const kept = await images.keep(machine.image.files, percent => progress(`fetching image ${percent} %`))
    progress(null)
    return kept
  },
  prepare: async attempt => {
    const prepared = await attempt.storage.prepare(attempt.machine)
    if (!prepared.ok) return prepared
    attempt.files = prepared.value
    return ok(undefined)
  },
  define: attempt => attempt.alone(() => define(attempt)),
  // Its volumes may have been worked on since; but what goes on from memory that was kept, goes on as it was.
  start: attempt =>
    attempt.alone(async () => {
      const defined = attempt.files === null ? ok(undefined) : await define(attempt)
      return defined.ok ? attempt.compute.start(attempt.machine.id) : defined
    }),
  listen: attempt =>
    attempt.alone(async () => {
      const definition = await definitionOf(attempt)
      return definition.ok ? attempt.moves.listen(definition.value) : definition
    }),
  adopt: attempt =>
    attempt.alone(async () => {
      const definition = await definitionOf(attempt)
      return definition.ok ? attempt.moves.adopt(definition.value) : definition
    }),
  refuse: ({ machine, moves }) => moves.refuse(machine),
  leave: async ({ machine, moves, still }) => {
    await still()
    return moves.leave(machine)
  },
  stay: ({ machine, moves }) => moves.stay(machine),
  'ask-to-stop': async ({ machine, compute }) => {
    // A guest that cannot be asked is cut when its grace is over, like one that does not listen.
    const asked = await compute.askToStop(machine.id)
    return asked.ok || asked.fault.code !== 'unavailable' ? ok(undefined) : asked
  },
  pause: ({ machine, compute }) => compute.pause(machine.id),
  suspend: async ({ machine, compute, still }) => {
    await still()
    return compute.suspend(machine.id)
  },
  cut: ({ machine, compute }) => compute.cut(machine.id),
  undefine: ({ machine, compute }) => compute.undefine(machine.id),
  remove: ({ machine, storage }) => storage.remove(machine.id),
  unplug: async ({ networks, carryPorts }) => {
    carryPorts(false)
    const settled = await networks.room.settle()
    return settled.ok ? ok(undefined) : settled
  },
} satisfies Record<Step, (attempt: Attempt) => Promise<Result<void>>>

async function define(attempt: Attempt): Promise<Result<void>> {
  const definition = await definitionOf(attempt)
  return definition.ok ? attempt.compute.define(definition.value) : definition
}

/** The machine resolved to this host: its volumes are made, and so are its networks. */
async function definitionOf({ machine, networks, files, plugged, disks }: Attempt): Promise<Result<Definition>> {
  if (!files) throw new Error('impossible: a machine is defined before its files are made')
  const made = await plugged
  if (!made.ok) return made
  const plugs = []
  for (const port of machine.ports) {
    const network = networks.find(port.network)
    if (!network) return refuse('unavailable', `waiting for network ${port.network}`)
    plugs.push(networks.plug(port, network))
  }
  const found = await disks()
  return found.ok ? ok({ machine, files, disks: found.value, plugs }) : found
}

async function plugged({ machine, networks }: Attempt): Promise<Result<void>> {
  try {
    const settled = await networks.room.settle()
    if (!settled.ok) return settled
    const fault = machine.ports.map(port => settled.value.get(port.network)).find(f => f !== undefined)
    return fault ? { ok: false, fault } : ok(undefined)
  } catch (error) {
    return refuse('unavailable', 'the network cannot be made now', { detail: String(error) })
  }
}

export const isMachineStep = (step: Step): step is MachineStep => (machineSteps as readonly Step[]).includes(step)
