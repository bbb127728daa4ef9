import { z } from 'zod'
import { read } from '../verb.ts'

/** All flavors, smallest first. */
export const listFlavors = read('flavors.list', { input: z.object({}), run: ({ store }) => store.flavors.list() })
