import { createServer } from 'node:http'
import { refusedHeader } from '@sirocco/shared/model/outward.ts'
import { Request } from 'miniflare'
import { describe, expect, it } from 'vitest'
import { outwardBy } from './outward.ts'

async function receiver() {
  const heard: { method: string | undefined; type: string | undefined; body: string }[] = []
  const server = createServer(async (request, answer) => {
    let body = ''
    for await (const chunk of request) body += String(chunk)
    heard.push({ method: request.method, type: request.headers['content-type'], body })
    answer.writeHead(204).end()
  })
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  return { heard, port, close: () => server.close() }
}
const post = (url: string) => new Request(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' })

describe('what the Worker asks of the Internet', () => {
  it('reaches nothing of this machine or its networks, by number or by name', async () => {
    const { heard, port, close } = await receiver()
    const outward = outwardBy({ allow: [], resolve: async () => [{ address: '127.0.0.1', family: 4 }] })
    for (const host of ['127.0.0.1', '[::1]', '169.254.169.254', 'hooks.example.org']) {
      const answer = await outward(post(`http://${host}:${port}/`))
      expect([answer.status, answer.headers.get(refusedHeader)]).toEqual([
        403,
        expect.stringContaining('not on the public Internet'),
      ])
    }
    expect(heard).toEqual([])
    close()
  })

  it('goes where an admin allows, as it was sent', async () => {
    const { heard, port, close } = await receiver()
    const answer = await outwardBy({ allow: ['127.0.0.0/8'] })(post(`http://127.0.0.1:${port}/hook`))
    expect(answer.status).toBe(204)
    expect(heard).toEqual([{ method: 'POST', type: 'application/json', body: '{}' }])
    close()
  })
})
