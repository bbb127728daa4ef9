import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { resolve } from 'node:path'
import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Secret } from '@sirocco/shared/kit/secret.ts'
import { EnrolAnswer, type EnrolRequest } from '@sirocco/shared/wire/enrol.ts'
import { type AgentConfig, readConfig, writeConfig } from './config.ts'
import { machinePrint } from './fingerprint/machine.ts'
import { makeCredential, readCredential } from './link/credential.ts'
import { pinOf } from './link/pin.ts'
import { addressOf, request, textOf, unsafe } from './link/request.ts'
import type { Disk } from './ports/disk.ts'
import { agentVersion } from './version.ts'

/** The private key's file, in the agent's folder. */
export const keyFile = 'agent.key'
const answerBytes = 1024 * 1024

export interface EnrolOptions {
  readonly url: string
  readonly token: Secret
  readonly data: string
  readonly pin: string | null
  readonly name: string | null
  /** How many simulated hosts; 0: this machine's hypervisor. */
  readonly simulated: number
  readonly instance: string | null
  readonly tag: string | null
  readonly socket: string
  readonly uri: string
  readonly storage: string | null
  /** The host's address on the underlay, and the port where one is given. */
  readonly underlay: { readonly address: string; readonly port: number } | null
}

const crockford = '0123456789abcdefghjkmnpqrstvwxyz'
const randomWord = (length: number) => Array.from(randomBytes(length), byte => crockford.charAt(byte & 31)).join('')

/** Makes this machine known to a control plane: a key of its own, a one-time token, and what came back in `agent.json`. */
export async function enrol(options: EnrolOptions, disk: Disk): Promise<Result<AgentConfig>> {
  const before = await readConfig(disk)
  if (before.ok) return before
  if (before.fault.code !== 'not_found') return before
  const pin = options.pin === null ? null : pinOf(options.pin)
  if (options.pin !== null && pin === null) return refuse('invalid', '--pin is the SHA-256 of a certificate, as hex or base64')
  const control = { url: options.url, pin }
  const url = addressOf(control, 'agent/enrol')
  const why = unsafe(url)
  if (why) return refuse('invalid', why)

  const kept = await disk.read(keyFile)
  const credential = kept === null ? makeCredential() : readCredential(kept)
  if (kept === null) await disk.replace(keyFile, credential.pem.reveal())
  const base = options.name ?? hostname()
  const names = options.simulated > 1 ? Array.from({ length: options.simulated }, (_, i) => `${base}-${i + 1}`) : [base]
  const body: EnrolRequest = {
    token: options.token.reveal(),
    publicKey: credential.publicKey,
    fingerprint: (await machinePrint()).fingerprint,
    hosts: names.map(name => ({ name })),
    agentVersion,
  }
  const answered = await ask(control, url, JSON.stringify(body))
  if (!answered.ok) return answered

  const instance = options.instance ?? `i${randomWord(12)}`
  const storage = options.storage ?? (options.simulated > 0 ? options.data : `/var/lib/sirocco/${instance}`)
  const config: AgentConfig = {
    version: 1,
    agent: answered.value.agent,
    control,
    instance,
    tag: options.tag ?? randomWord(3),
    hosts: answered.value.hosts,
    driver: options.simulated > 0 ? { kind: 'simulated' } : { kind: 'libvirt', socket: options.socket, uri: options.uri },
    storage: resolve(storage),
    ...(options.underlay ? { underlay: options.underlay } : {}),
    runtime: options.simulated > 0 ? resolve(options.data) : `/run/sirocco/${instance}`,
  }
  await writeConfig(disk, config)
  return ok(config)
}

async function ask(control: AgentConfig['control'], url: URL, body: string): Promise<Result<EnrolAnswer>> {
  let status: number | undefined
  let text: string
  try {
    const answer = await request(control, url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    status = answer.statusCode
    text = await textOf(answer, answerBytes)
  } catch (error) {
    return refuse(
      'unavailable',
      `the control plane at ${control.url} does not answer: ${error instanceof Error ? error.message : error}`,
    )
  }
  if (status !== 200 && status !== 201)
    return refuse('forbidden', `the control plane refused the enrolment with ${status}: ${text.slice(0, 300)}`)
  try {
    const parsed = EnrolAnswer.safeParse(JSON.parse(text))
    if (parsed.success) return ok(parsed.data)
  } catch {}
  return refuse('internal', `what answers at ${control.url} is no control plane`)
}
