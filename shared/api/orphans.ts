import { z } from 'zod'
import { seenPowers } from '../model/machines/states.ts'
import { pageOf } from './page.ts'
import { Time } from './text.ts'

/** A machine that was found on a host and that nothing here asks for. It is left alone until an admin adopts or removes it. */
export const Orphan = z.strictObject({
  id: z.string(),
  kind: z.literal('machine'),
  /** As its mark on the host says. */
  machine: z.string(),
  name: z.string(),
  power: z.enum(seenPowers),
  /** When it was first seen. */
  since: Time,
  /** It is being removed. */
  removing: z.boolean(),
  /** What it is made of; null where its host cannot tell: then it can only be removed. */
  made: z
    .strictObject({
      vcpus: z.int(),
      memoryMiB: z.int(),
      /** What its host was once told that it is made from; null: to be said where it is adopted. */
      image: z.string().nullable(),
      volumes: z.array(z.strictObject({ id: z.string(), device: z.string(), sizeMiB: z.int() })),
    })
    .nullable(),
})
export type Orphan = z.output<typeof Orphan>
export const OrphanPage = pageOf(Orphan)
export const OrphanParams = z.strictObject({ id: z.string().min(1).max(64), orphan: z.string().min(1).max(64) })

export const AdoptOrphan = z.strictObject({
  /** Whose it is from now on, by name or id. */
  project: z.string().min(1).max(255),
  /** What it starts by from its next start on; needed where its host cannot tell. */
  image: z.string().min(1).max(255).optional(),
  /** The one that it has where it is left out. */
  name: z.string().min(1).max(255).optional(),
})
export type AdoptOrphan = z.input<typeof AdoptOrphan>
export const OrphanAdopted = z.strictObject({ machine: z.string(), operation: z.string() })

/** Its name, typed: it is ended, and its disks are lost. */
export const RemoveOrphan = z.strictObject({ confirm: z.string().max(255) })
export const OrphanRemoving = z.strictObject({ operation: z.string() })
