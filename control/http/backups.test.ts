import { refuse } from '@sirocco/shared/kit/fault.ts'
import { signatureHeaders, signedText } from '@sirocco/shared/wire/signature.ts'
import { expect, test } from 'vitest'
import { must } from '../../test/contract/store/furnish.ts'
import { world } from '../../test/support/world.ts'
import { toBase64, toBase64Url } from '../services/base64.ts'
import type { Ports } from '../services/context.ts'
import { backupRoutes } from './backups.ts'
import { convertRoutes } from './convert.ts'

/** One signed request of an agent to routes over ports that a test may break. */
async function agentOf() {
  const { ports, rows } = await world()
  const pair = await crypto.subtle.generateKey({ name: 'Ed25519' }, true, ['sign', 'verify'])
  if (!('privateKey' in pair)) throw new Error('no pair')
  const raw = await crypto.subtle.exportKey('raw', pair.publicKey)
  if (!(raw instanceof ArrayBuffer)) throw new Error('no raw key')
  const agent = rows.ids.make('agent')
  const made = {
    agent,
    publicKey: toBase64(new Uint8Array(raw)),
    fingerprint: 'print',
    zone: rows.zone,
    version: '1',
    linkObject: 0,
  }
  must(await ports.store.commit([{ do: 'agent.insert', ...made, roles: ['host', 'convert'] }]))
  const ask = async (routes: ReturnType<typeof backupRoutes>, path: string, broken: Ports) => {
    const claim = { agent, time: String(ports.clock.now()), nonce: 'n'.repeat(22), fingerprint: 'print' }
    const text = new TextEncoder().encode(signedText({ method: 'GET', path, ...claim }))
    const signature = toBase64Url(new Uint8Array(await crypto.subtle.sign('Ed25519', pair.privateKey, text)))
    const headers = Object.fromEntries(
      Object.entries({ ...claim, signature }).map(([name, value]) => [signatureHeaders[name as keyof typeof claim], value]),
    )
    const answer = await routes.fetch(new Request(`http://here${path}`, { headers }), { ports: broken, env: {} })
    return answer.status
  }
  return { ask, ports, rows }
}

test('an agent is not told that a backup or an upload is gone because the database does not answer', async () => {
  const { ask, ports, rows } = await agentOf()
  const away = async () => refuse('unavailable', 'the database does not answer')
  const { store } = ports
  const broken: Ports = {
    ...ports,
    store: { ...store, backups: { ...store.backups, find: away }, images: { ...store.images, many: away } },
  }
  const backup = `/backups/${rows.ids.make('backup')}`
  const upload = `/uploads/${rows.ids.make('image')}/1`
  expect([await ask(backupRoutes(), backup, ports), await ask(backupRoutes(), backup, broken)]).toEqual([404, 503])
  expect([await ask(convertRoutes(), upload, ports), await ask(convertRoutes(), upload, broken)]).toEqual([404, 503])
})
