import { createHash } from 'node:crypto'

/**
 * Closes the ways in which the outside could reach into a world: the wall clock, chance and real timers throw, and hashing, which
 * would wait for a thread, answers at once. Returns what opens them again.
 */
export function seal(): () => void {
  const { subtle } = crypto
  const before = {
    now: Date.now,
    random: Math.random,
    setTimeout: globalThis.setTimeout,
    setInterval: globalThis.setInterval,
    fetch: globalThis.fetch,
  }
  const no = (what: string) => (): never => {
    throw new Error(`${what} inside the simulated world`)
  }
  Date.now = no('the wall clock')
  Math.random = no('chance without a seed')
  Object.assign(globalThis, { setTimeout: no('a real timer'), setInterval: no('a real timer'), fetch: no('the network') })
  Object.defineProperty(subtle, 'digest', {
    configurable: true,
    value: async (algorithm: string | { name: string }, data: ArrayBuffer | ArrayBufferView<ArrayBuffer>) => {
      const name = typeof algorithm === 'string' ? algorithm : algorithm.name
      const bytes = ArrayBuffer.isView(data)
        ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
        : new Uint8Array(data)
      const hash = createHash(name.replace('-', '').toLowerCase()).update(bytes).digest()
      return new Uint8Array(hash).buffer
    },
  })
  return () => {
    Date.now = before.now
    Math.random = before.random
    Object.assign(globalThis, { setTimeout: before.setTimeout, setInterval: before.setInterval, fetch: before.fetch })
    Reflect.deleteProperty(subtle, 'digest')
  }
}
