import { z } from 'zod'
import { limits } from '../model/limits.ts'
import { firmwares } from '../model/machines/states.ts'
import { WireId, words } from './words.ts'

/** A volume that a machine was found with, its bytes on the same host. */
export const FoundVolume = z.strictObject({
  id: WireId,
  device: words(16),
  sizeMiB: z.int().positive(),
  /** Left out: the agent's own directory. */
  pool: WireId.optional(),
  /** The newest intent that the agent knows of; -1: none. */
  generation: z.int().min(-1),
})

/** An interface that a machine was found with. All but its MAC is known only where the host was once told to make it. */
export const FoundPort = z.strictObject({
  mac: z.string().regex(/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/),
  id: WireId.optional(),
  network: WireId.optional(),
  address: z.ipv4().optional(),
})

/** What a machine that nobody asks for is made of: as much as its host can tell. */
export const FoundSpec = z.strictObject({
  /** The newest intent that the agent knows of; -1: none. */
  generation: z.int().min(-1),
  name: words(255),
  vcpus: z.int().positive(),
  memoryMiB: z.int().positive(),
  firmware: z.enum(firmwares),
  /** What it was made from, where the host was once told to make it. */
  image: WireId.optional(),
  ports: z.array(FoundPort).max(limits.orphanParts),
  /** Only those whose bytes are this instance's, on this host. */
  volumes: z.array(FoundVolume).max(limits.orphanParts),
})
export type FoundSpec = z.output<typeof FoundSpec>
