import type { Asked } from '@sirocco/shared/api/route.ts'
import type { Routes } from '@sirocco/shared/api/routes.ts'
import type { Me } from '@sirocco/shared/api/sessions.ts'
import { ok, type Result } from '@sirocco/shared/kit/fault.ts'
import { Secret } from '@sirocco/shared/kit/secret.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import type { Principal } from '../../../domain/access/principal.ts'
import { signInByProvider } from '../../../services/identities/sign-in.ts'
import { acceptInvitation } from '../../../services/invitations/accept.ts'
import { signInByPasskey } from '../../../services/passkeys/sign-in.ts'
import { answerSecondFactor } from '../../../services/second-factor/answer.ts'
import type { SecondFactorAsked } from '../../../services/second-factor/ask.ts'
import type { SignedIn } from '../../../services/sessions/begin.ts'
import { signIn, signInByLink } from '../../../services/sessions/sign-in.ts'
import { signOut } from '../../../services/sessions/sign-out.ts'
import { switchProject } from '../../../services/sessions/switch.ts'
import { dropCookie, setCookie } from '../cookie.ts'
import type { Handler } from '../handler.ts'
import type { NativeParts } from '../parts.ts'

async function meOf(
  { ports, region, ec2Url }: NativeParts,
  { user, email, project, projectName, account, role, via }: Principal,
): Promise<Result<Me>> {
  const hosts = await ports.store.hosts.list({ after: null, limit: limits.page })
  if (!hosts.ok) return hosts
  return ok({
    user: { id: user, email },
    project: { id: project, name: projectName, account },
    role,
    via: via.kind,
    simulated: hosts.value.items.some(host => host.facts?.acceleration === 'simulated'),
    region,
    ec2Endpoint: ec2Url,
  })
}

/** Whatever somebody shows to sign in by. */
function shown(
  body: Asked<Routes['signIn']>['body'],
  { ports, origin, publicUrl }: NativeParts,
): Promise<Result<SignedIn | SecondFactorAsked>> {
  if ('link' in body) return signInByLink(ports, { token: new Secret(body.link), origin })
  if ('passkey' in body) return signInByPasskey(ports, { publicUrl, response: body.passkey, origin })
  if ('flow' in body) return signInByProvider(ports, { flow: new Secret(body.flow), answer: body.answer, publicUrl, origin })
  if ('challenge' in body) return answerSecondFactor(ports, { challenge: new Secret(body.challenge), code: body.code, origin })
  const password = new Secret(body.password)
  if ('invitation' in body) return acceptInvitation(ports, { token: new Secret(body.invitation), password, origin })
  return signIn(ports, { email: body.email, password, origin })
}

export const begin: Handler<Routes['signIn']> = async ({ body }, parts) => {
  const begun = await shown(body, parts)
  if (!begun.ok) return begun
  if ('challenge' in begun.value) return ok({ body: { challenge: begun.value.challenge.reveal() } })
  const me = await meOf(parts, begun.value.principal)
  return me.ok ? ok({ body: me.value, headers: { 'set-cookie': setCookie(parts.publicUrl, begun.value.token.reveal()) } }) : me
}

export const me: Handler<Routes['getMe']> = async (_, here) => {
  const me = await meOf(here, here.principal)
  return me.ok ? ok({ body: me.value }) : me
}

export const move: Handler<Routes['switchProject']> = async ({ body }, here) => {
  const moved = await switchProject.call(here.call, body)
  if (!moved.ok) return moved
  const me = await meOf(here, moved.value)
  return me.ok ? ok({ body: me.value }) : me
}

export const end: Handler<Routes['signOut']> = async (_, { ports, principal, publicUrl }) => {
  const ended = await signOut(ports, principal)
  return ended.ok ? ok({ body: undefined, headers: { 'set-cookie': dropCookie(publicUrl) } }) : ended
}
