import { all, ok } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { z } from 'zod'
import { Page, Ref } from '../inputs.ts'
import { read } from '../verb.ts'

/** Images that the project may launch from: its own, the platform's, and what others share. With `images`, just those, in the order asked. */
export const listImages = read('images.list', {
  input: Page.extend({ images: z.array(Ref).max(limits.page).optional() }),
  async run({ store, scope }, { images, ...page }) {
    if (images === undefined) return store.images.list(scope, page)
    const found = all(await Promise.all(images.map(ref => store.images.find(scope, ref))))
    return found.ok ? ok({ items: found.value, next: null }) : found
  },
})
