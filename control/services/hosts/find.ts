import { ok } from '@sirocco/shared/kit/fault.ts'
import { z } from 'zod'
import { Ref } from '../inputs.ts'
import { read } from '../verb.ts'

/** One host, with capacity and use: for admins. */
export const findHost = read('hosts.list', {
  input: z.object({ host: Ref }),
  async run({ store }, { host: id }) {
    const found = await store.hosts.find([id])
    if (!found.ok) return found
    const [host] = found.value
    if (!host) throw new Error('impossible: found, and not there')
    return ok(host)
  },
})
