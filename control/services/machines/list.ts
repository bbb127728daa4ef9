import { limits } from '@sirocco/shared/model/limits.ts'
import { machineStates } from '@sirocco/shared/model/machines/states.ts'
import { z } from 'zod'
import { Page } from '../inputs.ts'
import { read } from '../verb.ts'

const Filter = z.object({
  name: z.string().max(255).optional(),
  states: z.array(z.enum(machineStates)).max(machineStates.length).readonly().optional(),
  tags: z
    .array(z.object({ key: z.string(), value: z.string().optional() }))
    .max(limits.tags)
    .readonly()
    .optional(),
})

/** Oldest first, a page. With `filter`, those that pass it, and maybe some of other states. */
export const listMachines = read('machines.list', {
  input: Page.extend({ filter: Filter.optional() }),
  run: ({ store, scope }, { filter, ...page }) => store.machines.list(scope, page, filter),
})
