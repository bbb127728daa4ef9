import { z } from 'zod'
import { limits } from '../model/limits.ts'
import { pageOf } from './page.ts'
import { Ref, Tags } from './text.ts'

const Tag = z.strictObject({ resource: z.string(), ec2Id: z.string(), key: z.string(), value: z.string() })
export const TagPage = pageOf(Tag)

const resources = z.array(Ref).min(1).max(limits.bulk)

export const SetTags = z.strictObject({ resources, tags: Tags })

/** No `tags`: all of them. With a `value`, only where it has that value. */
export const UnsetTags = z.strictObject({
  resources,
  tags: z
    .array(z.strictObject({ key: z.string().min(1).max(128), value: z.string().max(256).optional() }))
    .max(limits.tags)
    .default([]),
})
