import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { z } from 'zod'
import { type Grant, grantedRoles } from '../../domain/access/identity.ts'
import type { Store } from '../../ports/store.ts'
import { Name } from '../inputs.ts'
import { mayBeAsked } from '../outward-address.ts'

export const Issuer = z
  .string()
  .max(500)
  .refine(text => {
    const url = URL.parse(text)
    return url !== null && url.search === '' && mayBeAsked(url)
  }, 'write the issuer as it calls itself: an address that begins with https://, without ? or #')

/** `project` by id or name. */
const Given = z.object({ group: z.string().min(1).max(255), project: z.string().min(1).max(255), role: z.enum(grantedRoles) })

export const providerInput = {
  name: Name,
  clientId: z.string().min(1, 'write the client id that the provider gave').max(255),
  secret: z.string().min(1, 'write the client secret that the provider gave').max(1_000),
  scope: z
    .string()
    .max(500)
    .regex(/^(?=(?:.* )?openid(?: |$))[\x21-\x7e]+(?: [\x21-\x7e]+)*$/, 'write scopes with spaces between, openid among them'),
  claim: z.string().min(1, 'write the claim that names the groups').max(255),
  grants: z.array(Given).max(limits.identityGrants, `at most ${limits.identityGrants} groups give roles`),
}

/** With the projects that they are about; `invalid` where one is not there. */
export async function grantsOf(store: Store, given: readonly z.output<typeof Given>[]): Promise<Result<readonly Grant[]>> {
  const refs = [...new Set(given.map(({ project }) => project))]
  if (refs.length === 0) return ok([])
  const found = await store.signIn.projects(refs)
  if (!found.ok) return found
  const byRef = new Map<string, Id<'project'>>(found.value.flatMap(({ id, name }) => [[name, id] as const, [id, id] as const]))
  const grants: Grant[] = []
  for (const { group, project: ref, role } of given) {
    const project = byRef.get(ref)
    if (project === undefined) return refuse('invalid', `there is no project ${ref}`, { field: 'grants' })
    grants.push({ group, project, role })
  }
  return ok(grants)
}

/** Where its secret is sealed. */
export const secretPlace = (id: Id<'identityProvider'>): string => `identity_provider|${id}|secret`
