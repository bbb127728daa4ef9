import type { Route } from '@sirocco/shared/api/route.ts'
import { base, type RouteName, routes } from '@sirocco/shared/api/routes.ts'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { fuzz } from '../../support/fuzz.ts'
import { hostileText, nearValid } from '../../support/near-valid.ts'
import { at, document, type NativeWorld, nativeWorld, publicUrl } from './native-world.ts'

const all = Object.entries<Route>(routes) as [RouteName, Route][]

let world: NativeWorld
/** Ids and names of what there is, so that a try gets past the first look. */
let texts: string[] = []
beforeAll(async () => {
  world = await nativeWorld()
  const { body: images } = await world.ask('listImages')
  const image = String(at(images, 'items', '0', 'id'))
  const launched = await world.ask('launchMachines', { body: { image, flavor: 't3.pico', name: 'web' } })
  const { body: volume } = await world.ask('createVolume', { body: { name: 'data', sizeMiB: 1024 } })
  await world.settle()
  const { rows } = world
  texts = [
    image,
    String(at(launched.body, 'machines', '0', 'id')),
    String(at(volume, 'volume', 'id')),
    't3.pico',
    rows.project,
    rows.user,
    ...rows.hosts.slice(0, 1),
  ]
})

/** Words for each parameter of a route; those of its path are all there, and none that an address cannot hold. */
const words = (shape: Readonly<Record<string, unknown>> | undefined, { whole }: { readonly whole: boolean }) => {
  const word = fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...texts) }, hostileText)
  const kept = whole ? word.map(text => text.toWellFormed()).filter(text => !['', '.', '..'].includes(text)) : fc.option(word)
  return fc
    .tuple(...Object.keys(shape ?? {}).map(name => kept.map(text => (text === null ? [] : [[name, text] as const]))))
    .map(entries => Object.fromEntries(entries.flat()))
}

describe('whatever it is sent, the native API answers as its document says, and never with an error of its own:', () => {
  test.for(all)('%s', async ([name, route]) => {
    const operation = at(document, 'paths', route.path.replaceAll(/:(\w+)/g, '{$1}'), route.method.toLowerCase())
    const schema = at(operation, 'requestBody', 'content', 'application/json', 'schema')
    const tries = fc.record({
      params: words(route.params?.shape, { whole: true }),
      query: words(route.query?.shape, { whole: false }),
      body: schema === undefined ? fc.constant(undefined) : nearValid(document, schema, texts),
    })
    await fc.assert(
      fc.asyncProperty(tries, async ({ params, query, body }) => {
        const answer = await world.ask(name, { params, query, ...(body === undefined ? {} : { body }) })
        expect(answer.status).toBeLessThan(500)
      }),
      fuzz(30),
    )
    expect(world.logged.filter(line => at(line, 'level') === 'error')).toEqual([])
  })
})

test('no path, method, head or body of any bytes brings it down', async () => {
  const tries = fc.record({
    method: fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'),
    path: fc.array(fc.oneof(fc.constantFrom('machines', 'volumes', 'images', '..', '%2e%2e', '%00', '%ff'), hostileText), {
      maxLength: 4,
    }),
    authorization: fc.oneof(
      fc.constant(null),
      fc.string().map(text => `Bearer ${encodeURIComponent(text)}`),
      fc.constant('Basic Og=='),
    ),
    type: fc.constantFrom('application/json', 'text/plain', 'application/json; charset=utf-16', 'multipart/form-data'),
    body: fc.uint8Array({ maxLength: 200 }),
  })
  await fc.assert(
    fc.asyncProperty(tries, async ({ method, path, authorization, type, body }) => {
      const url = URL.parse(`${publicUrl}${base}/${path.map(part => part.toWellFormed()).join('/')}`)
      if (url === null) return
      const headers = { 'content-type': type, ...(authorization === null ? {} : { authorization }) }
      const answer = await world.raw(new Request(url, { method, headers, ...(method === 'GET' ? {} : { body }) }))
      expect(answer.status).toBeLessThan(500)
      await answer.body?.cancel()
    }),
    fuzz(500),
  )
})
