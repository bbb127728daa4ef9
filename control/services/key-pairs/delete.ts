import { ok } from '@sirocco/shared/kit/fault.ts'
import { z } from 'zod'
import { write } from '../verb.ts'

/** Forgets a key pair, by name or id; machines that were launched with it keep the key. One that is not there is no error. */
export const deleteKeyPair = write('key-pairs.delete', {
  input: z.object({ keyPair: z.string().min(1).max(255) }),
  async run({ store, scope, principal }, { keyPair }) {
    const found = await store.keyPairs.find(scope, keyPair)
    if (!found.ok) return found.fault.code === 'not_found' ? ok({ answer: { deleted: false }, subjects: [], changes: [] }) : found
    const { id } = found.value
    return ok({
      answer: { deleted: true },
      subjects: [id],
      changes: [
        { do: 'key-pair.delete', id },
        { do: 'tag.drop', resource: id },
        { do: 'event', project: principal.project, type: 'key-pair.gone', subject: id },
      ],
    })
  },
})
