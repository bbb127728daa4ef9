import { request } from 'node:https'
import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import { PinnedAgent } from '../link/pin.ts'
import { textOf } from '../link/request.ts'
import type { TellController } from './redfish.ts'

/** Of one request to a controller, which are slow. Milliseconds. */
const within = 15_000
const answerBytes = 1024 * 1024

/** By HTTPS only: to whoever shows the pinned certificate, or one that this host trusts. Before that nothing is sent, the password least. */
export const tellController: TellController = async ({ address, port, username, password, pin }, method, path, body) => {
  try {
    const text = body === undefined ? '' : JSON.stringify(body)
    const answer = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
      const make = request({
        host: address,
        port,
        path,
        method,
        auth: `${username}:${password}`,
        headers: {
          accept: 'application/json',
          ...(body === undefined
            ? {}
            : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) }),
        },
        agent: pin === null ? false : new PinnedAgent(pin, 'it'),
        signal: AbortSignal.timeout(within),
      })
      make.on('response', resolve).on('error', reject)
      make.end(text)
    })
    return ok({ status: answer.statusCode ?? 0, text: await textOf(answer, answerBytes) })
  } catch (error) {
    return refuse('internal', `its controller at ${address} cannot be asked`, {
      detail: error instanceof Error ? error.message : String(error),
    })
  }
}
