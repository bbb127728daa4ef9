import { limits } from '@sirocco/shared/model/limits.ts'
import { signatureHeaders, signedText } from '@sirocco/shared/wire/signature.ts'
import { describe, expect, test } from 'vitest'
import { must } from '../../../test/contract/store/furnish.ts'
import { world } from '../../../test/support/world.ts'
import { toBase64, toBase64Url } from '../base64.ts'
import { verifyAgent } from './verify.ts'

const request = { method: 'GET', path: '/agent/link' }

async function enrolled() {
  const { ports, rows } = await world()
  const pair = await crypto.subtle.generateKey({ name: 'Ed25519' }, true, ['sign', 'verify'])
  if (!('privateKey' in pair)) throw new Error('no pair')
  const raw = await crypto.subtle.exportKey('raw', pair.publicKey)
  if (!(raw instanceof ArrayBuffer)) throw new Error('no raw key')
  const publicKey = toBase64(new Uint8Array(raw))
  const agent = rows.ids.make('agent')
  must(
    await ports.store.commit([
      { do: 'agent.insert', agent, publicKey, fingerprint: 'print', zone: rows.zone, version: '1', linkObject: 0 },
      { do: 'host.insert', host: rows.ids.make('host'), agent, zone: rows.zone, name: 'h' },
    ]),
  )
  const verified = async (change: Partial<Record<'time' | 'nonce' | 'fingerprint', string>> = {}, path = request.path) => {
    const claim = { agent, time: String(ports.clock.now()), nonce: 'n'.repeat(22), fingerprint: 'print', ...change }
    const text = new TextEncoder().encode(signedText({ ...request, ...claim }))
    const signature = toBase64Url(new Uint8Array(await crypto.subtle.sign('Ed25519', pair.privateKey, text)))
    const headers = new Map<string, string>(
      Object.entries({ ...claim, signature }).map(([name, value]) => [signatureHeaders[name as keyof typeof claim], value]),
    )
    const result = await verifyAgent(ports, { ...request, path, header: name => headers.get(name) ?? null })
    return result.ok ? 'ok' : result.fault.code
  }
  const told = async () =>
    must(await ports.store.events.since('platform', 0, 1_000)).events.filter(e => e.type === 'host.cloned').length
  return { verified, told, clock: rows.clock, now: ports.clock.now() }
}

describe("an agent's signed request", () => {
  test('is taken within the clock skew, and of the path that was signed', async () => {
    const { verified, now } = await enrolled()
    expect(await verified()).toBe('ok')
    expect(await verified({ time: String(now - limits.clockSkew) })).toBe('ok')
    expect(await verified({ time: String(now - limits.clockSkew - 1) })).toBe('unauthenticated')
    expect(await verified({ time: String(now + limits.clockSkew + 1) })).toBe('unauthenticated')
    expect(await verified({}, '/agent/streams/x')).toBe('unauthenticated')
  })
  test.each(['', 'soon', 'NaN', '1e400', '-1'])('that was signed at "%s" is refused: it would pass for ever', async time => {
    expect(await (await enrolled()).verified({ time })).toBe('unauthenticated')
  })
  test.each(['', 'short', 'n'.repeat(65), 'not a nonce, is it?'])('with "%s" for a nonce is refused', async nonce => {
    expect(await (await enrolled()).verified({ nonce })).toBe('unauthenticated')
  })
  test('from another machine is refused: the credential was copied', async () => {
    expect(await (await enrolled()).verified({ fingerprint: 'another' })).toBe('forbidden')
  })
  test('from another machine is told to admins, once an hour however often it dials; who has not the key is not', async () => {
    const { verified, told, clock } = await enrolled()
    await verified({}, '/agent/streams/x')
    expect(await told()).toBe(0)
    await verified({ fingerprint: 'another' })
    await verified({ fingerprint: 'another' })
    expect(await told()).toBe(1)
    clock.at += limits.cloneAgain
    await verified({ fingerprint: 'another' })
    expect(await told()).toBe(2)
  })
})
