import { ok } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { z } from 'zod'
import { Ref } from '../inputs.ts'
import { read } from '../verb.ts'
import { watchOf } from './watch.ts'

/** What happened after the cursor, oldest first; to admins of hosts, too. `reset` where the cursor is older than what is kept. */
export const listEvents = read('events.list', {
  input: z.object({
    after: z.int().min(0).default(0),
    limit: z.int().min(1).max(limits.pageMax).default(limits.page),
    subject: Ref.optional(),
  }),
  async run({ store, principal }, { after, limit, subject }) {
    const found = await store.events.since(watchOf(principal), after, limit, subject)
    if (!found.ok) return found
    const { events, reset } = found.value
    return ok({ events, reset, cursor: events.at(-1)?.seq ?? after })
  },
})
