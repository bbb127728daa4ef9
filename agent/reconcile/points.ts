import type { Disk } from '../ports/disk.ts'

/** Called at every crash point; a test ends the process there. */
export type At = (point: string) => Promise<void>

export const nowhere: At = async () => {}

/** The verbs that change something outside this process, by port; between any two of them a crash must be harmless. */
const effects = {
  'port.compute': ['define', 'start', 'askToStop', 'pause', 'suspend', 'cut', 'reboot', 'undefine'],
  'port.storage': ['keep', 'prepare', 'remove'],
  'port.networks': ['apply'],
} as const

/** The agent's own files, by the first word of their names, and what is done to them. */
const files = { journal: ['append', 'replace'], desired: ['replace'], outbox: ['append', 'replace'] } as const

/** Every crash point there is, as `SIROCCO_CRASH_AT` names them. */
export const points: readonly string[] = Object.entries({ ...effects, ...files }).flatMap(([name, verbs]) =>
  verbs.flatMap(verb => [`${name}.${verb}.before`, `${name}.${verb}.after`]),
)

/** The same port with a crash point before and after each effect. */
export const withPoints = <T extends object>(port: T, name: keyof typeof effects, at: At): T =>
  wrapped(port, effects[name], verb => `${name}.${verb}`, at)

/** The same disk with a crash point before and after each write. */
export const diskWithPoints = (disk: Disk, at: At): Disk =>
  wrapped(disk, ['append', 'replace'], (verb, [file]) => `${String(file).split(/[-.]/, 1)[0]}.${verb}`, at)

function wrapped<T extends object>(
  port: T,
  verbs: readonly string[],
  pointOf: (verb: string, args: readonly unknown[]) => string,
  at: At,
): T {
  return new Proxy(port, {
    get(target, key) {
      const member: unknown = Reflect.get(target, key, target)
      if (typeof member !== 'function') return member
      if (typeof key !== 'string' || !verbs.includes(key)) return member.bind(target)
      return async (...args: unknown[]): Promise<unknown> => {
        const point = pointOf(key, args)
        await at(`${point}.before`)
        const result: unknown = await Reflect.apply(member, target, args)
        await at(`${point}.after`)
        return result
      }
    },
  })
}
