import { digest } from '@sirocco/shared/kit/canonical.ts'
import { limits } from '@sirocco/shared/model/limits.ts'

/** Which operations object owns the operations of this subject: all of one subject by one. */
export const shardOf = (subject: string): number => Number.parseInt(digest(subject).slice(0, 8), 16) % limits.operationObjects
