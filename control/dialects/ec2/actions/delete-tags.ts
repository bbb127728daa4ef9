import { limits } from '@sirocco/shared/model/limits.ts'
import { z } from 'zod'
import { unsetTags } from '../../../services/tags/unset.ts'
import { action } from '../action.ts'
import { list, listOrNone, text } from '../parameters.ts'

const parameters = {
  ResourceId: list(text.min(1, 'must not be empty')),
  Tag: listOrNone(z.strictObject({ Key: text.min(1, 'must not be empty'), Value: text.optional() }), limits.tags),
}

/** DeleteTags: with a Value only where it is that, without Tag all of them. */
export const DeleteTags = action({ right: 'tags.unset', noun: 'tag', parameters }, async (request, { ResourceId, Tag }) => {
  const tags = Tag.map(({ Key, Value }) => (Value === undefined ? { key: Key } : { key: Key, value: Value }))
  await request.call(unsetTags, { resources: [...new Set(ResourceId)], tags })
  return { return: true }
})
