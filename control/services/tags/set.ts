import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { z } from 'zod'
import type { Change } from '../../ports/changes.ts'
import { Ref, Tags } from '../inputs.ts'
import { write } from '../verb.ts'

/** Sets tags on resources, all or none; a tag that is there gets the new value. Refuses `quota` where one would have too many. */
export const setTags = write('tags.set', {
  input: z.object({ resources: z.array(Ref).min(1).max(limits.bulk), tags: Tags }),
  async run({ store, scope, principal }, { resources, tags }) {
    const found = await store.tags.resolve(scope, resources)
    if (!found.ok) return found
    const ids = [...new Set(found.value.map(f => f.id))]
    if (ids.length * Object.keys(tags).length > limits.bulkTags)
      return refuse('invalid', `at most ${limits.bulkTags} tags can be set at once; name fewer resources`, { field: 'resources' })
    const changes = ids.flatMap((id): Change[] => [
      ...Object.entries(tags).map(
        ([key, value]) => ({ do: 'tag.set', project: principal.project, resource: id, key, value }) as const,
      ),
      { do: 'tag.limit', resource: id, limit: limits.tags },
      { do: 'event', project: principal.project, type: 'tags.set', subject: id },
    ])
    return ok({ answer: {}, subjects: ids, changes })
  },
})
