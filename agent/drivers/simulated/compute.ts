import { digest } from '@sirocco/shared/kit/canonical.ts'
import { ok, type Refused, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Compute, Definition } from '../../ports/compute.ts'
import { type SimulatedHost, sentinels } from './host.ts'
import { abandon, arrive, leave } from './move.ts'
import type { SimulatedMachine } from './state.ts'

/** What a definition depends on, without generation and power. */
const shapeOf = ({ machine: { generation: _, power: __, seed: ___, move: ____, ...machine }, files, plugs }: Definition) =>
  digest({ machine, files, plugs })

/** The compute port over a simulated host, as strict as a real hypervisor. */
export function simulatedCompute(host: SimulatedHost, instance: string): Compute {
  const watches: { end(): void }[] = []
  const absent = (id: string): Refused => refuse('not_found', `no machine ${id} is defined here`)

  /** One verb on one machine: the hypervisor's own refusals first. */
  const verb = async <T>(
    name: string,
    id: string,
    run: (machine: SimulatedMachine | undefined) => Result<T>,
  ): Promise<Result<T>> => host.refusal(`compute.${name}`, id) ?? run(host.machine(instance, id))

  return {
    async fingerprint() {
      const refused = host.refusal('compute.fingerprint', null)
      if (refused) return refused
      return ok({
        name: host.name,
        hypervisor: 'simulated',
        hypervisorVersion: '1',
        acceleration: 'simulated' as const,
        architecture: 'x86_64',
        bootId: host.bootId,
        cpus: host.cpus,
        memoryMiB: host.memoryMiB,
      })
    },
    async list() {
      const refused = host.refusal('compute.list', null)
      if (refused) return refused
      return ok(
        host.machines(instance).map(({ id, power, cause, shape, starts, startedAt }) => ({
          id,
          power,
          cause,
          shape,
          run: power === 'running' ? `${starts}.${startedAt}` : '',
        })),
      )
    },
    define: definition =>
      verb('define', definition.machine.id, found => {
        const { machine, files, plugs } = definition
        const shape = shapeOf(definition)
        if (machine.name.includes(sentinels.define)) return refuse('invalid', 'the hypervisor refuses this definition')
        if (found?.power === 'running')
          return found.shape === shape ? ok(undefined) : refuse('precondition', `${machine.id} runs with another definition`)
        if (found?.shape === shape) return ok(undefined)
        host.put({
          instance,
          id: machine.id,
          name: machine.name,
          shape,
          memoryMiB: machine.memoryMiB,
          disk: files.disk,
          bridges: plugs.map(p => p.bridge),
          addresses: machine.ports.map(p => p.address),
          power: 'stopped',
          cause: found?.cause ?? 'unknown',
          starts: found?.starts ?? 0,
          startedAt: 0,
          upAt: null,
          offAt: null,
          offCause: 'asked',
          log: found?.log ?? '',
        })
        return ok(undefined)
      }),
    start: id =>
      verb('start', id, found => {
        if (!found) return absent(id)
        if (found.power === 'running') return ok(undefined)
        if (!host.diskExists(found.disk)) return refuse('internal', `${id} has no disk`, { detail: found.disk })
        const bridge = found.bridges.find(b => !host.bridgeExists(b))
        if (bridge) return refuse('internal', `${id} has no network to plug into`, { detail: bridge })
        if (host.memoryInUseMiB() + found.memoryMiB > host.memoryMiB) return refuse('capacity', 'the host has no memory left')
        host.boot(found)
        return ok(undefined)
      }),
    askToStop: id =>
      verb('askToStop', id, found => {
        if (!found) return absent(id)
        if (found.power === 'running') host.press(found)
        return ok(undefined)
      }),
    cut: id =>
      verb('cut', id, found => {
        if (found && found.power !== 'stopped') host.off(found, 'asked')
        return ok(undefined)
      }),
    reboot: id =>
      verb('reboot', id, found => {
        if (!found) return absent(id)
        if (found.power !== 'running') return refuse('precondition', `${id} does not run`)
        const now = host.timers.now()
        host.put({ ...found, upAt: now + host.bootMs, offAt: null, log: `${found.log}\r\nreset\r\n` })
        return ok(undefined)
      }),
    undefine: id =>
      verb('undefine', id, found => {
        if (found && found.power !== 'stopped') return refuse('precondition', `${id} runs`)
        if (found) host.drop(found)
        return ok(undefined)
      }),
    consoleLog: id => verb('consoleLog', id, found => (found ? ok(new TextEncoder().encode(found.log)) : absent(id))),
    console: (id, data, closed) =>
      verb('console', id, found => {
        if (!found) return absent(id)
        if (found.power !== 'running') return refuse('precondition', `${id} does not run`)
        const joined = host.join(instance, id, { data, closed })
        return ok({ write: bytes => joined.type(bytes), close: () => joined.leave() })
      }),
    leave: (id, peer, { cancel }) => leave(host, instance, id, peer, cancel),
    arrive: async definition => arrive(host, instance, definition, shapeOf(definition)),
    adopt: definition =>
      verb('adopt', definition.machine.id, found => {
        if (!found) return absent(definition.machine.id)
        host.put({ ...found, shape: shapeOf(definition) })
        return ok(undefined)
      }),
    abandon: id => verb('abandon', id, () => ok(abandon(host, instance, id))),
    stay: id =>
      verb('stay', id, found => {
        if (found?.power === 'paused') host.put({ ...found, power: 'running' })
        return ok(undefined)
      }),
    watch(changed) {
      watches.push(
        host.watch((of, id) => {
          if (of === null || of === instance) changed(id)
        }),
      )
    },
    async close() {
      for (const watch of watches) watch.end()
    },
  }
}
