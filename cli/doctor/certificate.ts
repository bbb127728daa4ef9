import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { hour, second } from '@sirocco/shared/kit/clock.ts'
import { bad, type Finding, good, odd } from './finding.ts'

/** From here on somebody should see to it. */
const soon = 30 * 24 * hour
const deadline = 5 * second
const about = 'certificate'

/** How long the certificate still holds by which an instance is reached: that of its address, or the self-made one of its directory. */
export async function examineCertificate(data: string, url: string | null, now: number): Promise<Finding[]> {
  const [pem, shown] = await Promise.all([readFile(join(data, 'tls.crt')).catch(() => null), url === null ? null : shownAt(url)])
  return [
    ...(pem ? [heldUntil(new X509Certificate(pem), `of ${data}`, now)] : []),
    ...(shown ? [heldUntil(shown, `of ${url}`, now)] : []),
  ]
}

function heldUntil({ validTo }: X509Certificate, which: string, now: number): Finding {
  const until = Date.parse(validTo)
  const says = `${which}: until ${new Date(until).toISOString().slice(0, 10)}`
  const remedy =
    'put a new one in its place; a self-made one is made anew where tls.crt and tls.key are removed, and has another pin'
  if (until <= now) return bad(about, `${says}, which is over: ${remedy}`)
  return until - now < soon ? odd(about, `${says}: ${remedy}`) : good(about, says)
}

/** Whoever vouches for it: only its dates are looked at. */
function shownAt(url: string): Promise<X509Certificate | null> {
  const { protocol, hostname, port } = new URL(url)
  if (protocol !== 'https:') return Promise.resolve(null)
  return new Promise(resolve => {
    const socket = connect({ host: hostname, port: Number(port || 443), servername: hostname, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerX509Certificate() ?? null)
      socket.destroy()
    })
    socket.setTimeout(deadline, () => socket.destroy())
    socket.on('error', () => resolve(null))
    socket.on('close', () => resolve(null))
  })
}
