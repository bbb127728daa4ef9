import type { Client } from '@libsql/client/web'

type Send = () => Promise<unknown>
/** What happens to one batch on its way: `send` is the way to the database, and the answer from it. */
export type OnBatch = (n: number, send: Send) => Promise<unknown>

/** A client with something between it and the database, for its batches that write; `n` counts them from 1. */
export function between(client: Client, onBatch: OnBatch): Client {
  let n = 0
  return new Proxy(client, {
    get(target, key) {
      if (key !== 'batch') {
        const value = Reflect.get(target, key)
        return typeof value === 'function' ? value.bind(target) : value
      }
      return (...[statements, mode]: Parameters<Client['batch']>) =>
        mode === 'write' ? onBatch(++n, () => target.batch(statements, mode)) : target.batch(statements, mode)
    },
  })
}

/** As `fetch` throws it. */
export const lost = (): never => {
  throw new TypeError('fetch failed')
}
