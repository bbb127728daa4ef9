import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import type { Secret } from '@sirocco/shared/kit/secret.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { say } from '@sirocco/shared/model/messages.ts'
import { following, type IdentityProvider } from '../../domain/access/identity.ts'
import type { Origin } from '../../domain/access/origin.ts'
import type { Change } from '../../ports/changes.ts'
import type { Ports } from '../context.ts'
import { pokeFor } from '../poke.ts'
import { begin, type SignedIn } from '../sessions/begin.ts'
import { tryProvider } from '../sessions/throttle.ts'
import { openedFlow } from './flow.ts'
import { followed } from './follow.ts'
import { type Vouched, vouchedFor } from './vouched.ts'

/**
 * By whom a provider vouches for: somebody it is known to know, by its subject and nothing else; or a new account, where its groups give a
 * role. Roles follow groups in the batch that begins the session. The provider asks for what factors it holds right; no other is asked for.
 */
export async function signInByProvider(
  ports: Ports,
  { flow: sealed, answer, publicUrl, origin }: { flow: Secret; answer: string; publicUrl: string; origin: Origin },
): Promise<Result<SignedIn>> {
  const counted = await tryProvider(ports, origin)
  if (!counted.ok) return counted
  const opened = await openedFlow(ports, sealed, null)
  if (!opened.ok) return opened
  const { flow, spend } = opened.value
  const provider = await ports.store.signIn.provider(flow.provider)
  if (!provider.ok) return provider.fault.code === 'not_found' ? tooLate() : provider
  const vouched = await vouchedFor(ports, provider.value, { flow, answer, publicUrl })
  if (!vouched.ok) return vouched
  for (let attempt = 1; ; attempt++) {
    const begun = await enter(ports, provider.value, vouched.value, { spend, origin })
    if (begun.ok) await counted.value.right()
    if (begun.ok || begun.fault.code !== 'stale' || attempt >= limits.commitTries) return begun
  }
}

const tooLate = () => refuse('unauthenticated', say('sign_in.too_late'))

async function enter(
  ports: Ports,
  provider: IdentityProvider,
  vouched: Vouched,
  { spend, origin }: { spend: Change; origin: Origin },
): Promise<Result<SignedIn>> {
  const known = await ports.store.signIn.known(provider.id, vouched.subject)
  if (!known.ok) return known
  if (known.value !== null && known.value.disabledAt !== null)
    return refuse('unauthenticated', say('identity.refused', { provider: provider.name }))
  const follows = following(provider, vouched.groups, known.value?.held ?? [])
  const [project] = follows.projects
  const noRole = () => refuse('forbidden', say('identity.no_role', { provider: provider.name }))
  if (known.value === null && project === undefined) return noRole()
  const person = known.value
    ? ok({ user: known.value.user, changes: [used(provider, vouched, known.value.user)] })
    : await newPerson(ports, provider, vouched)
  if (!person.ok) return person
  const { user, changes } = person.value
  const first = [spend, ...changes, ...followed(provider.id, user, follows)]
  if (project === undefined) {
    // Nothing is left: what was given is taken away all the same.
    const taken = await ports.store.commit(first)
    if (!taken.ok) return taken.fault.code === 'conflict' ? tooLate() : taken
    pokeFor(ports.pokes, first)
    return noRole()
  }
  const begun = await begin(ports, { user, project, origin }, first)
  if (begun.ok) pokeFor(ports.pokes, first)
  return begun.ok || begun.fault.code !== 'conflict' ? begun : tooLate()
}

const used = ({ id: provider }: IdentityProvider, { subject }: Vouched, user: Id<'user'>): Change => ({
  do: 'identity.used',
  provider,
  subject,
  user,
})

/** An account for who has none: an address that somebody has here is theirs, whatever a provider says. */
async function newPerson(
  ports: Ports,
  { id: provider, name }: IdentityProvider,
  { subject, email }: Vouched,
): Promise<Result<{ readonly user: Id<'user'>; readonly changes: readonly Change[] }>> {
  if (email === null) return refuse('forbidden', say('identity.no_email', { provider: name }))
  const taken = await ports.store.tenancy.user(email)
  if (taken.ok) return refuse('forbidden', say('identity.address_taken', { email, provider: name }))
  if (taken.fault.code !== 'not_found') return taken
  const user = ports.ids.make('user')
  return ok({
    user,
    changes: [
      { do: 'user.insert', id: user, email, password: null },
      { do: 'identity.insert', provider, subject, user },
    ],
  })
}
