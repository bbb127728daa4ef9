import type { Id } from '@sirocco/shared/kit/id.ts'

/** Hints that rows changed. Losing one delays, never breaks: sweeps find what is due. None waits for what it starts. */
export interface Pokes {
  /** Operations of these shards (`domain/operations/shard.ts`) may be due. */
  operations(shards: readonly number[]): void
  /** What is wanted on these hosts changed. */
  hosts(hosts: readonly Id<'host'>[]): void
  /** There are new events of this project; null: of none, for admins. */
  events(project: Id<'project'> | null): void
}
