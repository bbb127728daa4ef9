import { setTags } from '../../../services/tags/set.ts'
import { action } from '../action.ts'
import { list, tags, tagsOf, text } from '../parameters.ts'

const parameters = { ResourceId: list(text.min(1, 'must not be empty')), Tag: tags }

/** CreateTags: on all of them or none; a tag that is there gets the new value. */
export const CreateTags = action({ right: 'tags.set', noun: 'tag', parameters }, async (request, { ResourceId, Tag }) => {
  await request.call(setTags, { resources: [...new Set(ResourceId)], tags: tagsOf(Tag) })
  return { return: true }
})
