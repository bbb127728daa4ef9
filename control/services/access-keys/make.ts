import { day } from '@sirocco/shared/kit/clock.ts'
import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { Secret } from '@sirocco/shared/kit/secret.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { z } from 'zod'
import type { AccessKey } from '../../domain/access/member.ts'
import { toBase64 } from '../base64.ts'
import { type Call, type Decision, write } from '../verb.ts'

const Input = z.object({
  days: z.int().min(1, 'a key lives for a day at least').max(3_650, 'a key lives for ten years at most').optional(),
})

/**
 * An access key of oneself in the project, for the native API and EC2 alike. Its secret is in this answer and nowhere else, so an idempotency
 * token is not remembered: whoever asks twice has two keys, and deletes one.
 */
export const makeAccessKey = {
  name: 'access-keys.make' as const,
  input: Input,
  async call(call: Call, input: z.input<typeof Input>): Promise<Result<AccessKey & { readonly secret: Secret }>> {
    const { secrets, ids, random } = call.ports
    const secret = new Secret(toBase64(random.bytes(30)))
    const id = ids.make('accessKey')
    const accessKeyId = `AKIA${Array.from(random.bytes(16), byte => base32.charAt(byte % 32)).join('')}`
    const sealed = await secrets.seal(secret, `access_key|${id}|secret`)
    const { token: _, ...once } = call
    const kept = await keep(id, accessKeyId, sealed).call(once, input)
    return kept.ok ? ok({ ...kept.value, secret }) : kept
  },
}

const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

const keep = (id: AccessKey['id'], accessKeyId: string, sealed: string) =>
  write('access-keys.make', {
    input: Input,
    async run({ principal: { user, email, project, via }, clock }, { days }): Promise<Result<Decision<AccessKey>>> {
      const createdAt = clock.now()
      const expiresAt = days === undefined ? null : createdAt + days * day
      const end = via.kind === 'key' ? (via.expiresAt ?? null) : null
      if (end !== null && (expiresAt === null || expiresAt > end))
        return refuse(
          'precondition',
          `a key that ends on ${new Date(end).toISOString()} makes none that outlives it: give fewer \`days\`, or sign in`,
          { field: 'days' },
        )
      const key = { id, accessKeyId, user, expiresAt }
      return ok({
        answer: { ...key, email, createdAt, lastUsedAt: null },
        subjects: [id],
        changes: [
          { do: 'access-key.insert', key, project, secret: sealed, limit: limits.accessKeys },
          { do: 'event', project, type: 'access-key.made', subject: id },
        ],
      })
    },
  })
