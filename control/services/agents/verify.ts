import { type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { signatureHeaders, signedText } from '@sirocco/shared/wire/signature.ts'
import type { Change } from '../../ports/changes.ts'
import type { Agent } from '../../ports/store.ts'
import { fromBase64, fromBase64Url } from '../base64.ts'
import type { Ports } from '../context.ts'
import { pokeFor } from '../poke.ts'

/** The agent that signed this request, by the Ed25519 key it enrolled with. `path` with its query, as in the request line. */
export async function verifyAgent(
  ports: Ports,
  request: { method: string; path: string; header(name: string): string | null },
): Promise<Result<Agent>> {
  const { store, clock } = ports
  const of = (name: keyof typeof signatureHeaders) => request.header(signatureHeaders[name]) ?? ''
  const signed = {
    method: request.method,
    path: request.path,
    agent: of('agent'),
    time: of('time'),
    nonce: of('nonce'),
    fingerprint: of('fingerprint'),
  }
  if (!/^\d{1,15}$/.test(signed.time) || Math.abs(clock.now() - Number(signed.time)) > limits.clockSkew)
    return refuse(
      'unauthenticated',
      "the agent's clock is off by more than 5 minutes, or the request is not signed; set the clock of its machine",
    )
  if (!/^[\w-]{16,64}$/.test(signed.nonce))
    return refuse('unauthenticated', 'the request carries no nonce of 16 to 64 letters and digits; update the agent')
  const found = await store.agents.find(signed.agent)
  if (!found.ok)
    return found.fault.code === 'not_found'
      ? refuse('unauthenticated', `there is no agent ${signed.agent}; enrol it again`)
      : found
  const [key, signature] = [fromBase64(found.value.publicKey), fromBase64Url(of('signature'))]
  if (!key || !signature || !(await verifies(key, signature, signedText(signed))))
    return refuse('unauthenticated', `the signature of agent ${signed.agent} does not match its key; enrol it again`)
  if (found.value.fingerprint !== signed.fingerprint) {
    await noteClone(ports, found.value)
    return refuse(
      'forbidden',
      `agent ${signed.agent} was enrolled on another machine: its credential was copied; enrol this machine as an agent of its own`,
    )
  }
  return found
}

/** Tells admins, once in a while: whoever copied a key dials again and again. */
async function noteClone({ store, clock, pokes }: Ports, { id, hosts }: Agent): Promise<void> {
  const changes: Change[] = [
    { do: 'agent.cloned', agent: id, before: clock.now() - limits.cloneAgain },
    ...hosts.slice(0, limits.page).map(host => ({ do: 'event', project: null, type: 'host.cloned', subject: host.id }) as const),
  ]
  // A hint: where it is refused, it was said a moment ago, or the next try says it.
  if ((await store.commit(changes)).ok) pokeFor(pokes, changes)
}

async function verifies(key: Uint8Array<ArrayBuffer>, signature: Uint8Array<ArrayBuffer>, text: string): Promise<boolean> {
  try {
    const imported = await crypto.subtle.importKey('raw', key, { name: 'Ed25519' }, false, ['verify'])
    return await crypto.subtle.verify('Ed25519', imported, signature, new TextEncoder().encode(text))
  } catch {
    return false
  }
}
