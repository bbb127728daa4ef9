import { z } from 'zod'
import { read } from '../verb.ts'

/** All regions with their zones. */
export const listRegions = read('regions.list', { input: z.object({}), run: ({ store }) => store.regions.list() })
