import { z } from 'zod'
import { read } from '../verb.ts'
import { theHost } from './the-host.ts'

/** One host with capacity, use and what its agent says: for admins. */
export const findHost = read('hosts.list', {
  input: z.object({ host: z.string().min(1).max(64) }),
  run: ({ store }, { host }) => theHost(store, host),
})
