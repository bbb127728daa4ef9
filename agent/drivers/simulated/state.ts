import { z } from 'zod'

/** A machine as the simulated hypervisor keeps it. Times in milliseconds since the epoch; null: nothing of the kind is due. */
const Machine = z.strictObject({
  instance: z.string(),
  id: z.string(),
  name: z.string(),
  shape: z.string(),
  memoryMiB: z.int(),
  vcpus: z.int().default(1),
  macs: z.array(z.string()).default([]),
  disks: z.array(z.strictObject({ volume: z.string(), device: z.string(), path: z.string() })),
  bridges: z.array(z.string()),
  addresses: z.array(z.string()),
  /** `paused`, too: on its way to another host, or from one. */
  power: z.enum(['running', 'paused', 'stopped', 'suspended']),
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

/**
 * `base`: the image or snapshot that it stands on; empty where it stands alone. `content`: the image file at the bottom. `layer`: how often
 * it was frozen or went back; `turn`: of the last time it did; `idle`: snapshots that went, and
 * whose files are not merged away yet.
 */
export const Volume = z.strictObject({
  base: z.string(),
  content: z.string().optional(),
  mib: z.int(),
  made: z.int(),
  layer: z.int(),
  turn: z.int().optional(),
  idle: z.array(z.strictObject({ snapshot: z.string(), layer: z.int() })).optional(),
})
/** `layer`: of its volume, which it froze. */
const Snapshot = z.strictObject({ volume: z.string(), content: z.string().optional(), mib: z.int(), layer: z.int().optional() })
const Network = z.strictObject({
  bridge: z.string(),
  cidr: z.string(),
  ports: z.array(z.string()),
  vni: z.int().optional(),
  /** Ports of other hosts, with the address of each one's host on the underlay. */
  neighbours: z.record(z.string(), z.string()).optional(),
})
const Store = z.strictObject({
  images: z.record(z.string(), z.int()),
  volumes: z.record(z.string(), Volume),
  snapshots: z.record(z.string(), Snapshot),
  /** Machines that have something of their own here. */
  homes: z.array(z.string()),
  networks: z.record(z.string(), Network),
})

const Before = z.looseObject({
  machines: z.record(z.string(), z.looseObject({ disk: z.string() })),
  stores: z.record(
    z.string(),
    z.looseObject({ disks: z.record(z.string(), z.object({ image: z.string(), mib: z.int(), made: z.int() })) }),
  ),
})

/** A state from before there were volumes: each machine's disk is the volume of the same id but for the prefix. */
function withVolumes(state: unknown): unknown {
  const before = Before.safeParse(state)
  if (!before.success) return state
  const { machines, stores, ...rest } = before.data
  return {
    ...rest,
    machines: Object.fromEntries(
      Object.entries(machines).map(([key, { disk, ...machine }]) => [
        key,
        { ...machine, disks: [{ volume: volumeOf(key.split('/')[1] ?? ''), device: 'vda', path: disk }] },
      ]),
    ),
    stores: Object.fromEntries(
      Object.entries(stores).map(([instance, { disks, ...store }]) => [
        instance,
        {
          ...store,
          volumes: Object.fromEntries(
            Object.entries(disks).map(([id, { image, mib, made }]) => [volumeOf(id), { base: image, mib, made, layer: 0 }]),
          ),
          snapshots: {},
          homes: Object.keys(disks),
        },
      ]),
    ),
  }
}
const volumeOf = (machine: string) => machine.replace(/^vm_/, 'vol_')

/** All that outlives the agent's process: machines by `instance/id`, stores by instance. */
export const SimulatedState = z.preprocess(
  withVolumes,
  z.strictObject({
    bootId: z.string(),
    machines: z.record(z.string(), Machine),
    stores: z.record(z.string(), Store),
  }),
)

export type SimulatedState = z.output<typeof SimulatedState>
export const SimulatedMachine = Machine
export type SimulatedMachine = z.output<typeof Machine>
export type SimulatedStore = z.output<typeof Store>

export const emptyState = (bootId: string): SimulatedState => ({ bootId, machines: {}, stores: {} })
