import { z } from 'zod'
import { read } from '../verb.ts'

/** Storage pools of every zone, oldest first. */
export const listPools = read('pools.list', { input: z.object({}), run: ({ store }) => store.pools.list() })
