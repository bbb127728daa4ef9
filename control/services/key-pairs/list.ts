import { all, ok } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { z } from 'zod'
import { Page, Ref } from '../inputs.ts'
import { read } from '../verb.ts'

/** Key pairs of the project; with `names` (or ids) just those, `not_found` for the first that is missing. */
export const listKeyPairs = read('key-pairs.list', {
  input: Page.extend({
    names: z
      .array(Ref.or(z.string().min(1).max(255)))
      .max(limits.page)
      .optional(),
  }),
  async run({ store, scope }, { names, ...page }) {
    if (names === undefined) return store.keyPairs.list(scope, page)
    const found = all(await Promise.all(names.map(name => store.keyPairs.find(scope, name))))
    return found.ok ? ok({ items: found.value, next: null }) : found
  },
})
