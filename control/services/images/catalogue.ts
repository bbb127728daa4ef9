import { ok } from '@sirocco/shared/kit/fault.ts'
import { catalogue } from '@sirocco/shared/model/images/catalogue.ts'
import { z } from 'zod'
import { read } from '../verb.ts'

/** The usual cloud images, each fetched when somebody asks for it. */
export const listCatalogue = read('images.list', {
  input: z.object({}),
  run: async () => ok(catalogue),
})
