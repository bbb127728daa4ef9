import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import { expect, test } from 'vitest'
import { powerOffByRedfish, type TellController } from './redfish.ts'

const controller = {
  way: 'redfish',
  address: '192.0.2.9',
  port: 443,
  username: 'root',
  password: 'calvin',
  pin: null,
  system: null,
} as const

/** Time that passes only by pauses. */
function time() {
  let now = 0
  return {
    clock: { now: () => now },
    pause: async (ms: number) => {
      now += ms
    },
  }
}

/** A controller whose systems are `names`; how they are powered is told one word after the other, the last for ever. */
function telling(names: readonly string[], powers: readonly string[], reset: Awaited<ReturnType<TellController>>) {
  const asked: string[] = []
  const left = [...powers]
  const answer = (body: object) => ok({ status: 200, text: JSON.stringify(body) })
  const tell: TellController = async (_, method, path, body) => {
    asked.push(`${method} ${path}${body === undefined ? '' : ` ${JSON.stringify(body)}`}`)
    if (method === 'POST') return reset
    if (path === '/redfish/v1/') return answer({ Systems: { '@odata.id': '/redfish/v1/Systems' } })
    if (path === '/redfish/v1/Systems')
      return answer({ Members: names.map(name => ({ '@odata.id': `/redfish/v1/Systems/${name}` })) })
    return answer({
      PowerState: left.length > 1 ? left.shift() : left[0],
      Actions: { '#ComputerSystem.Reset': { target: `${path}/Actions/ComputerSystem.Reset` } },
    })
  }
  return { tell, asked }
}
const accepted = ok({ status: 204, text: '' })

test('the host is off only when its controller reads Off, however the switching was answered', async () => {
  for (const reset of [accepted, ok({ status: 500, text: 'busy' }), refuse('internal', 'no answer')]) {
    const { tell, asked } = telling(['1'], ['On', 'On', 'PoweringOff', 'Off'], reset)
    expect(await powerOffByRedfish(controller, { tell, ...time() })).toEqual({ ok: true, value: 'off' })
    expect(asked.filter(one => one.startsWith('POST'))).toEqual([
      'POST /redfish/v1/Systems/1/Actions/ComputerSystem.Reset {"ResetType":"ForceOff"}',
    ])
  }
})

test('one that accepted it and stays on is not believed', async () => {
  for (const power of ['On', 'PoweringOff', 'Paused']) {
    const { tell } = telling(['1'], [power], accepted)
    expect(await powerOffByRedfish(controller, { tell, ...time() })).toMatchObject({
      fault: { message: expect.stringContaining(`still ${power}`), detail: expect.stringContaining('204') },
    })
  }
})

test('one that is off already is as good, and is switched nowhere', async () => {
  const { tell, asked } = telling(['1'], ['Off'], accepted)
  expect(await powerOffByRedfish(controller, { tell, ...time() })).toMatchObject({ ok: true })
  expect(asked.join()).not.toContain('POST')
})

test('of several systems none is guessed at', async () => {
  const { tell, asked } = telling(['left', 'right'], ['On', 'Off'], accepted)
  expect(await powerOffByRedfish(controller, { tell, ...time() })).toMatchObject({
    fault: { code: 'precondition', message: expect.stringContaining('left, right') },
  })
  expect(await powerOffByRedfish({ ...controller, system: 'middle' }, { tell, ...time() })).toMatchObject({ ok: false })
  expect(asked.join()).not.toContain('POST')
  expect(await powerOffByRedfish({ ...controller, system: 'right' }, { tell, ...time() })).toMatchObject({ ok: true })
  expect(asked.filter(one => one.startsWith('POST')).join()).toContain('/Systems/right/')
})

test('a link that leads elsewhere is not followed', async () => {
  const asked: string[] = []
  const tell: TellController = async (_, __, path) => {
    asked.push(path)
    return ok({ status: 200, text: JSON.stringify({ Systems: { '@odata.id': '//192.0.2.66/redfish/v1/Systems' } }) })
  }
  expect(await powerOffByRedfish(controller, { tell, ...time() })).toMatchObject({ ok: false })
  expect(asked).toEqual(['/redfish/v1/'])
})
