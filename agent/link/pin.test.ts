import { createServer } from 'node:https'
import { expect, test } from 'vitest'
import { pinOf } from './pin.ts'
import { request, textOf, unsafe } from './request.ts'

/** Self-made for this test, by nobody, for a hundred years. */
const cert = `-----BEGIN CERTIFICATE-----
MIIBODCB66ADAgECAhRs0F1Q5CkssbjsqIJ3/ynoLuJG4TAFBgMrZXAwETEPMA0G
A1UEAwwGbm9ib2R5MCAXDTI2MTEyMjE0MjAyNFoYDzIxMjYxMDI5MTQyMDI0WjAR
MQ8wDQYDVQQDDAZub2JvZHkwKjAFBgMrZXADIQBIH2AXR1AmPtGc23Lfc1IhBT9u
DGqmArceLARPQI+Rx6NTMFEwHQYDVR0OBBYEFIGP63aTzQb1725GOvA/gzk2IWlW
MB8GA1UdIwQYMBaAFIGP63aTzQb1725GOvA/gzk2IWlWMA8GA1UdEwEB/wQFMAMB
Af8wBQYDK2VwA0EAJAHzp5osvWcgLnD38N/dcBHNSSn6zgQxTEpy9JfoPX8vp/xl
6VKputnWRFvAr2ICLbC+VbsrOsiIvZa3cb1KCA==
-----END CERTIFICATE-----`
const key = `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJLNCOemtGI8RE8nye9U7CGX4vCzYRpeoD+RRQ+zY0Ex
-----END PRIVATE KEY-----`
const pin = 'd5912c0c9641bd9851e3f6050776a568dcdc05e7c4c669cd6e71347b163446bc'

test('a pin is 32 bytes as hex, with or without colons, or base64', () => {
  const hex = 'ab'.repeat(32)
  expect(pinOf(hex)).toBe(hex)
  expect(pinOf(hex.toUpperCase().replace(/..(?=.)/g, '$&:'))).toBe(hex)
  expect(pinOf(Buffer.from(hex, 'hex').toString('base64'))).toBe(hex)
  for (const text of ['', 'ab', 'z'.repeat(64), hex.slice(2)]) expect(pinOf(text)).toBeNull()
})

test('a self-made certificate counts when it is the pinned one; before any other nothing is said', async () => {
  let heard = 0
  const server = createServer({ cert, key }, (_, response) => {
    heard++
    response.end('hello')
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const url = new URL(`https://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/`)
  const ask = (expected: string | null) => request({ url: url.href, pin: expected }, url, { method: 'GET' })
  expect(await textOf(await ask(pin), 100)).toBe('hello')
  await expect(ask('00'.repeat(32))).rejects.toThrow('another certificate')
  await expect(ask(null)).rejects.toThrow()
  expect(heard).toBe(1)
  server.close()
})

test('clear text goes to this machine only', () => {
  for (const url of ['https://example.org', 'http://127.0.0.1:1', 'http://[::1]:1', 'http://localhost'])
    expect(unsafe(new URL(url))).toBeNull()
  for (const url of ['http://example.org', 'http://10.0.0.1', 'http://127.evil.example', 'ws://127.0.0.1'])
    expect(unsafe(new URL(url))).not.toBeNull()
})
