import { z } from 'zod'
import type { Instance } from '../support/instance.ts'
import { until } from '../support/until.ts'

const bytes = 1024 * 1024
/** Of x86 in real mode, from the first byte of a disk on: no interrupts, halt, and again. */
const halts = Uint8Array.of(0xfa, 0xf4, 0xeb, 0xfd)

const Named = z.object({ id: z.string() })
const Image = z.object({ state: z.string() })

/** An image whose guests halt as soon as they are started: where what they would do is not asked for, they cost next to nothing. */
export async function hollowImage(instance: Instance): Promise<string> {
  const disk = new Uint8Array(bytes)
  disk.set(halts)
  disk.set([0x55, 0xaa], 510)
  const { body } = await instance.insist('POST', '/images', { name: 'hollow', upload: { bytes } }, 'hollow')
  const { id } = Named.parse(body)
  const { url, token } = instance.ready.api
  const put = await fetch(`${url}/images/${id}/upload/1`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/octet-stream' },
    body: disk,
  })
  if (!put.ok) throw new Error(`the image is refused: ${await put.text()}`)
  await instance.insist('POST', `/images/${id}/upload`, {}, 'hollow-there')
  await until('the hollow image', async () => {
    const { state } = Image.parse((await instance.ask('GET', `/images/${id}`)).body)
    return state === 'ready' ? true : null
  })
  return id
}
