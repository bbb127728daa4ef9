import { Agent, type RequestOptions } from 'node:https'
import type { Duplex } from 'node:stream'
import { connect } from 'node:tls'

/** SHA-256 of a certificate as lower-case hex; from hex with or without colons, or base64. null: no such thing. */
export function pinOf(text: string): string | null {
  const hex = text.replaceAll(':', '').toLowerCase()
  if (/^[0-9a-f]{64}$/.test(hex)) return hex
  const bytes = /^[A-Za-z0-9+/_-]{43}=?$/.test(text) ? Buffer.from(text, 'base64') : null
  return bytes?.length === 32 ? bytes.toString('hex') : null
}

/** Connections to whoever shows exactly the pinned certificate, which need not be signed by anybody; nothing is sent before. */
export class PinnedAgent extends Agent {
  readonly #pin: string
  readonly #whose: string

  constructor(pin: string, whose = 'the control plane') {
    super({ keepAlive: false })
    this.#pin = pin
    this.#whose = whose
  }

  override createConnection(options: RequestOptions, done?: (error: Error | null, socket: Duplex) => void): null {
    const host = options.hostname ?? options.host ?? 'localhost'
    const name = /^[\d.]+$|:/.test(host) ? {} : { servername: host }
    const socket = connect({ host, port: Number(options.port ?? 443), rejectUnauthorized: false, ...name }, () => {
      const shown = pinOf(socket.getPeerCertificate().fingerprint256)
      if (shown === this.#pin) return finish(null)
      socket.destroy()
      finish(new Error(`${this.#whose} shows another certificate than the pinned one: ${shown}`))
    })
    const finish = (error: Error | null) => {
      socket.off('error', finish)
      done?.(error, socket)
    }
    socket.once('error', finish)
    return null
  }
}
