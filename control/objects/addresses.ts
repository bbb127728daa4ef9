import type { Id } from '@sirocco/shared/kit/id.ts'
import type { Env } from '../env.ts'

/** The object that runs the operations of a shard (`domain/operations/shard.ts`). */
export const operationsOf = ({ OPERATIONS }: Env, shard: number) => OPERATIONS.get(OPERATIONS.idFromName(`operations-${shard}`))

/** The object that holds the links of the agents with this number, given to each at its enrolment. */
export const linkOf = ({ AGENT_LINK }: Env, linkObject: number) => AGENT_LINK.get(AGENT_LINK.idFromName(`link-${linkObject}`))

/** Knows in which projects' feeds admins listen. */
export const adminsFeedOf = ({ FEED }: Env) => FEED.get(FEED.idFromName('admins'))

export const feedOf = ({ FEED }: Env, project: Id<'project'>) => FEED.get(FEED.idFromName(project))

/** By the ticket's hash: the ticket itself is written nowhere. */
export const streamOf = ({ STREAM }: Env, ticketHash: string) => STREAM.get(STREAM.idFromName(ticketHash))
