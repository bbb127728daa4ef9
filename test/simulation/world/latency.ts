import { below, type Random } from '@sirocco/shared/kit/random.ts'
import type { Life } from './life.ts'

/**
 * A port as a process sees it: every call takes time on its way there and back, and when the process ends between the two, the
 * effect has happened and nobody knows. Members that answer at once stay as they are.
 */
export function withLatency<T extends object>(
  port: T,
  life: Life,
  random: Random,
  { slowest, sync }: { slowest: number; sync: readonly string[] },
): T {
  return new Proxy(port, {
    get(target, key) {
      const member: unknown = Reflect.get(target, key, target)
      if (typeof member !== 'function') return member
      if (typeof key !== 'string' || sync.includes(key)) return member.bind(target)
      return async (...args: unknown[]): Promise<unknown> => {
        await life.pause(below(random, slowest))
        const result: unknown = await life.hold(Promise.resolve(Reflect.apply(member, target, args)))
        await life.pause(below(random, slowest))
        return result
      }
    },
  })
}
