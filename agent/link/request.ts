import { type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { isIP } from 'node:net'
import { PinnedAgent } from './pin.ts'

/** Where the control plane is, and the certificate it must show (SHA-256 as hex) where that is not one the system trusts. */
export interface ControlPlane {
  readonly url: string
  readonly pin: string | null
}

/** Of one request, without any byte moving. Milliseconds. */
const idle = 30_000

/** The address of `path` (no leading slash) at the control plane. */
export const addressOf = ({ url }: ControlPlane, path: string): URL => new URL(path, url.endsWith('/') ? url : `${url}/`)

/** Why a control plane must not be spoken to at `url`; null: it may. In clear text only this machine itself. */
export function unsafe(url: URL): string | null {
  if (url.protocol === 'https:') return null
  if (url.protocol !== 'http:') return 'the control plane is reached by https'
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const loopback = host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
  return loopback ? null : 'the control plane is reached by https, unless it runs on this machine'
}

/** One request; resolves with the answer's head, its body still to be read. */
export function request(
  control: ControlPlane,
  url: URL,
  options: { method: string; headers?: Record<string, string>; body?: string | Uint8Array; signal?: AbortSignal },
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const { body, ...rest } = options
    const agent = control.pin === null ? undefined : new PinnedAgent(control.pin)
    const make =
      url.protocol === 'https:' ? requestHttps(url.href, { ...rest, ...(agent ? { agent } : {}) }) : requestHttp(url.href, rest)
    make.on('response', resolve).on('error', reject)
    make.setTimeout(idle, () => make.destroy(new Error(`no byte for ${idle / 1_000} s`)))
    make.end(body)
  })
}

/** The whole body as text, at most `most` bytes. */
export const textOf = async (answer: IncomingMessage, most: number): Promise<string> => (await bytesOf(answer, most)).toString()

/** The whole body, at most `most` bytes. */
export async function bytesOf(answer: IncomingMessage, most: number): Promise<Buffer> {
  const parts: Buffer[] = []
  let length = 0
  for await (const part of answer) {
    const bytes = Buffer.from(part)
    length += bytes.length
    if (length > most) throw new Error(`the answer has more than ${most} bytes`)
    parts.push(bytes)
  }
  return Buffer.concat(parts)
}
