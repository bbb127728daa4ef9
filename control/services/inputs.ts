import { limits } from '@sirocco/shared/model/limits.ts'
import { z } from 'zod'

/** Our id or EC2's alias of something. */
export const Ref = z.string().min(3).max(64)

export const Page = z.object({
  after: z.string().max(200).nullable().default(null),
  limit: z.int().min(1).max(limits.pageMax).default(limits.page),
})

/** EC2's rules: keys of 1 to 128 characters, values of up to 256, nothing that starts with `aws:`. */
export const TagKey = z
  .string()
  .min(1, 'a tag key has 1 to 128 characters')
  .max(128, 'a tag key has 1 to 128 characters')
  .refine(key => !key.toLowerCase().startsWith('aws:'), 'tag keys may not start with aws:')
export const TagValue = z.string().max(256, 'a tag value has at most 256 characters')
export const Tags = z
  .record(TagKey, TagValue)
  .refine(tags => Object.keys(tags).length <= limits.tags, `a resource has at most ${limits.tags} tags`)

export const MachineRefs = z.object({ machines: z.array(Ref).min(1).max(limits.bulk) })

/** A name of a machine or network, as people write it. */
export const Name = z
  .string()
  .trim()
  .min(1, 'a name has 1 to 255 characters')
  .max(255, 'a name has 1 to 255 characters')
  .refine(name => !/[\u0000-\u001f\u007f]/.test(name), 'a name has no control characters')

/** As people type it in requests. */
export const PoolName = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, "a pool's name has 1 to 63 small letters, digits and hyphens")

/** A storage pool, by name or id. */
export const PoolRef = z.string().min(1).max(64)

/** MiB. */
export const VolumeSize = z
  .int()
  .min(1, 'a volume has at least 1 MiB')
  .max(limits.volumeMiB, `a volume has at most ${limits.volumeMiB} MiB`)

export const VolumeRefs = z.object({ volumes: z.array(Ref).min(1).max(limits.bulk) })

export const SnapshotRefs = z.object({ snapshots: z.array(Ref).min(1).max(limits.bulk) })
export const BackupRefs = z.object({ backups: z.array(Ref).min(1).max(limits.bulk) })
/** base64, at most 16 KiB before it. */
export const UserData = z
  .base64()
  .refine(
    text => (text.length / 4) * 3 - (text.match(/=*$/)?.[0].length ?? 0) <= limits.userDataBytes,
    `user-data has at most ${limits.userDataBytes} bytes before base64`,
  )
