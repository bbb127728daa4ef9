import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { faultOf } from './faults.ts'
import type { Connection } from './rpc/connection.ts'
import { type Domain, procedures } from './rpc/procedures.ts'

const pngBegins = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
const pngEnds = Buffer.from('IEND')

/** A domain's screen as libvirt takes it: a stream that ends by itself. QEMU writes PNG since 7.1. */
export async function pictureOf(link: Connection, domain: Domain): Promise<Result<Uint8Array>> {
  const parts: Buffer[] = []
  let bytes = 0
  const { promise: over, resolve } = Promise.withResolvers<void>()
  const stream = await link.stream(procedures.screenshot, domain, {
    data(part) {
      bytes += part.byteLength
      if (bytes <= limits.screenshotBytes) parts.push(Buffer.from(part))
    },
    closed: resolve,
  })
  if (!stream.ok) return faultOf(stream.error)
  await over
  if (bytes > limits.screenshotBytes) return refuse('unsupported', 'the screen is too detailed for a picture; open it instead')
  const picture = Buffer.concat(parts)
  const whole = picture.subarray(0, 8).equals(pngBegins) && picture.subarray(-8, -4).equals(pngEnds)
  return whole ? ok(picture) : refuse('unavailable', 'no picture of the screen could be taken; try again')
}
