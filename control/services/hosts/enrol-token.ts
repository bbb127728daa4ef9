import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import type { Random } from '@sirocco/shared/kit/random.ts'
import { Secret } from '@sirocco/shared/kit/secret.ts'
import { type AgentRole, agentRoles } from '@sirocco/shared/model/agents/roles.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { z } from 'zod'
import { toBase64Url } from '../base64.ts'
import { sha256 } from '../sha256.ts'
import { type Call, write } from '../verb.ts'

const Input = z.object({
  /** By name; where there is one zone only it need not be given. */
  zone: z.string().min(1).max(64).optional(),
  minutes: z
    .int()
    .min(1, 'a token lives for a minute at least')
    .max(limits.enrolmentMax / 60_000, 'a token lives for a day at most')
    .default(limits.enrolment / 60_000),
  roles: z
    .array(z.enum(agentRoles))
    .min(1, 'an agent has one role at least: host, convert')
    .max(agentRoles.length, 'name each role once')
    .default(['host']),
})

interface Made {
  readonly id: Id<'enrolment'>
  readonly zone: string
  readonly roles: readonly AgentRole[]
  readonly expiresAt: number
}

/** Never with a dash first: people type it after `--token`. */
export const enrolmentToken = (random: Random): Secret => new Secret(`enr_${toBase64Url(random.bytes(24))}`)

/**
 * A one-time token by which one agent enrols in a zone. It is in this answer and nowhere else, so an idempotency token is not remembered;
 * whoever asks twice has two, and revokes one.
 */
export const makeEnrolToken = {
  name: 'hosts.enrol-token' as const,
  input: Input,
  async call(call: Call, input: z.input<typeof Input>): Promise<Result<Made & { readonly token: Secret }>> {
    const token = enrolmentToken(call.ports.random)
    const { token: _, ...once } = call
    const kept = await keep.call(once, { ...input, tokenHash: await sha256(token.reveal()) })
    return kept.ok ? ok({ ...kept.value, token }) : kept
  },
}

const keep = write('hosts.enrol-token', {
  input: Input.extend({ tokenHash: z.string() }),
  async run({ store, ids, clock, principal }, { zone: name, minutes, roles: named, tokenHash }) {
    const regions = await store.regions.list()
    if (!regions.ok) return regions
    const zones = regions.value.flatMap(region => region.zones)
    const [only, ...others] = zones.filter(zone => name === undefined || zone.name === name)
    if (!only || others.length > 0)
      return refuse('invalid', `choose a zone: one of ${zones.map(zone => zone.name).join(', ')}`, { field: 'zone' })
    const id = ids.make('enrolment')
    const roles = agentRoles.filter(role => named.includes(role))
    const expiresAt = clock.now() + minutes * 60_000
    return ok({
      answer: { id, zone: only.name, roles, expiresAt },
      subjects: [id],
      changes: [
        { do: 'enrolment.insert', id, tokenHash, zone: only.id, roles, by: principal.user, expiresAt },
        { do: 'event', project: null, type: 'host.enrol-token.made', subject: id },
      ],
    })
  },
})
