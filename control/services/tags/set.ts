import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { z } from 'zod'
import type { Change } from '../../ports/changes.ts'
import { Ref, Tags } from '../inputs.ts'
import { write } from '../verb.ts'

/** Sets tags on resources, all or none; a tag that is there gets the new value. */
export const setTags = write('tags.set', {
  input: z.object({ resources: z.array(Ref).min(1).max(limits.bulk), tags: Tags }),
  async run({ store, scope, principal }, { resources, tags }) {
    const found = await store.tags.resolve(scope, resources)
    if (!found.ok) return found
    const count = Object.keys(tags).length
    for (const { ref, tags: has } of found.value)
      if (has + count > limits.tags)
        return refuse('quota', `${ref} would have more than ${limits.tags} tags; remove some first`, { field: ref })
    const changes = found.value.flatMap(({ id }): Change[] => [
      ...Object.entries(tags).map(
        ([key, value]) => ({ do: 'tag.set', project: principal.project, resource: id, key, value }) as const,
      ),
      { do: 'event', project: principal.project, type: 'tags.set', subject: id },
    ])
    return ok({ answer: {}, subjects: found.value.map(f => f.id), changes })
  },
})
