import { z } from 'zod'

/** A machine as the simulated hypervisor keeps it. Times in milliseconds since the epoch; null: nothing of the kind is due. */
const Machine = z.strictObject({
  instance: z.string(),
  id: z.string(),
  name: z.string(),
  shape: z.string(),
  memoryMiB: z.int(),
  disk: z.string(),
  bridges: z.array(z.string()),
  addresses: z.array(z.string()),
  /** `paused`: on its way to another host, or from one. */
  power: z.enum(['running', 'paused', 'stopped']),
  /** On its way here; it is nothing yet. */
  incoming: z.boolean().optional(),
  cause: z.enum(['asked', 'guest', 'crash', 'unknown']),
  starts: z.int(),
  startedAt: z.number(),
  /** When the guest has come up far enough to hear the power button. */
  upAt: z.number().nullable(),
  offAt: z.number().nullable(),
  offCause: z.enum(['asked', 'guest', 'crash']),
  log: z.string(),
})

const Disk = z.strictObject({ image: z.string(), mib: z.int(), made: z.int() })
const Network = z.strictObject({ bridge: z.string(), cidr: z.string(), ports: z.array(z.string()) })
const Store = z.strictObject({
  images: z.record(z.string(), z.int()),
  disks: z.record(z.string(), Disk),
  networks: z.record(z.string(), Network),
})

/** All that outlives the agent's process: machines by `instance/id`, stores by instance. */
export const SimulatedState = z.strictObject({
  bootId: z.string(),
  machines: z.record(z.string(), Machine),
  stores: z.record(z.string(), Store),
})

export type SimulatedState = z.output<typeof SimulatedState>
export const SimulatedMachine = Machine
export type SimulatedMachine = z.output<typeof Machine>
export type SimulatedStore = z.output<typeof Store>

export const emptyState = (bootId: string): SimulatedState => ({ bootId, machines: {}, stores: {} })
