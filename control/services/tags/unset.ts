import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { z } from 'zod'
import type { Change } from '../../ports/changes.ts'
import { Ref } from '../inputs.ts'
import { write } from '../verb.ts'

/** Removes tags by key, and by value where one is given; all of them where `tags` is empty. What is not there is no error. */
export const unsetTags = write('tags.unset', {
  input: z.object({
    resources: z.array(Ref).min(1).max(limits.bulk),
    tags: z.array(z.object({ key: z.string().max(128), value: z.string().max(256).optional() })).max(limits.tags),
  }),
  async run({ store, scope, principal }, { resources, tags }) {
    const found = await store.tags.resolve(scope, resources)
    if (!found.ok) return found
    const ids = [...new Set(found.value.map(f => f.id))]
    if (ids.length * tags.length > limits.bulkTags)
      return refuse('invalid', `at most ${limits.bulkTags} tags can be removed at once; name fewer resources`, {
        field: 'resources',
      })
    const changes = ids.flatMap((id): Change[] => [
      ...(tags.length === 0
        ? [{ do: 'tag.drop', resource: id } as const]
        : tags.map(({ key, value }) => ({ do: 'tag.unset', resource: id, key, value: value ?? null }) as const)),
      { do: 'event', project: principal.project, type: 'tags.unset', subject: id },
    ])
    return ok({ answer: {}, subjects: ids, changes })
  },
})
