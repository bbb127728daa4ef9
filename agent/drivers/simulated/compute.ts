import { digest } from '@sirocco/shared/kit/canonical.ts'
import { ok, type Refused, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Compute, Definition, MachineDisk } from '../../ports/compute.ts'
import { countedOf } from './counters.ts'
import { isUp, type SimulatedHost, sentinels } from './host.ts'
import { abandon, arrive, leave } from './move.ts'
import { simulatedPicture, simulatedScreen } from './screen.ts'
import type { SimulatedMachine } from './state.ts'

/** What a definition depends on, without generation and power. */
const shapeOf = ({ machine: { generation: _, power: __, seed: ___, move: ____, ...machine }, files, disks, plugs }: Definition) =>
  digest({ machine, files, disks, plugs })

const pluggedOf = ({ volume, device, source }: MachineDisk) => ({ volume, device, path: source.path })

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

  const hears = ({ power, upAt, name }: SimulatedMachine): boolean =>
    power === 'running' && upAt !== null && upAt <= host.timers.now() && !name.includes(sentinels.deaf)
  /** Guests whose name says so have no agent; those that are still booting do not answer yet. */
  const guest = <T>(name: string, id: string, run: (machine: SimulatedMachine) => T): Promise<Result<T>> =>
    verb(name, id, found => {
      if (!found) return absent(id)
      return hears(found) ? ok(run(found)) : refuse('precondition', 'no guest agent answers in this machine')
    })

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
          run: power === 'running' || power === 'paused' ? `${starts}.${startedAt}` : '',
        })),
      )
    },
    describe: id =>
      verb('describe', id, found =>
        found
          ? ok({ name: found.name, vcpus: found.vcpus, memoryMiB: found.memoryMiB, firmware: 'bios' as const, macs: found.macs })
          : absent(id),
      ),
    define: definition =>
      verb('define', definition.machine.id, found => {
        const { machine, disks, plugs } = definition
        const shape = shapeOf(definition)
        if (machine.name.includes(sentinels.define)) return refuse('invalid', 'the hypervisor refuses this definition')
        if (found && isUp(found))
          return found.shape === shape ? ok(undefined) : refuse('precondition', `${machine.id} runs with another definition`)
        if (found?.shape === shape && digest(found.disks) === digest(disks.map(pluggedOf))) return ok(undefined)
        host.put({
          instance,
          id: machine.id,
          name: machine.name,
          shape,
          memoryMiB: machine.memoryMiB,
          vcpus: machine.vcpus,
          macs: machine.ports.map(p => p.mac),
          disks: disks.map(pluggedOf),
          bridges: plugs.map(p => p.bridge),
          addresses: machine.ports.map(p => p.address),
          power: found?.power ?? 'stopped',
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
        if (found.power === 'paused') {
          host.thaw(found)
          return ok(undefined)
        }
        if (found.disks.length === 0) return refuse('internal', `${id} has no disk`)
        const lost = found.disks.find(disk => !host.volumeExists(instance, disk.volume))
        if (lost) return refuse('internal', `${id} has no disk ${lost.device}`, { detail: lost.path })
        const bridge = found.bridges.find(b => !host.bridgeExists(b))
        if (bridge) return refuse('internal', `${id} has no network to plug into`, { detail: bridge })
        if (host.memoryInUseMiB() + found.memoryMiB > host.memoryMiB) return refuse('capacity', 'the host has no memory left')
        if (found.power === 'suspended') host.thaw(found)
        else host.boot(found)
        return ok(undefined)
      }),
    askToStop: id =>
      verb('askToStop', id, found => {
        if (!found) return absent(id)
        if (found.power === 'paused') host.thaw(found)
        const now = host.machine(instance, id)
        if (now?.power === 'running') host.press(now)
        return ok(undefined)
      }),
    pause: id =>
      verb('pause', id, found => {
        if (!found) return absent(id)
        if (!isUp(found)) return refuse('precondition', `${id} is off`)
        if (found.power === 'running') host.freeze(found, 'paused')
        return ok(undefined)
      }),
    suspend: id =>
      verb('suspend', id, found => {
        if (!found) return absent(id)
        if (found.power === 'stopped') return refuse('precondition', `${id} is off`)
        if (found.power !== 'suspended') host.freeze(found, 'suspended')
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
        if (found && isUp(found)) return refuse('precondition', `${id} runs`)
        if (found) host.drop(found)
        return ok(undefined)
      }),
    disks: id =>
      verb('disks', id, found =>
        ok((found?.disks ?? []).map(disk => ({ ...disk, live: found !== undefined && isUp(found), saved: true }))),
      ),
    attach: (id, disk) =>
      verb('attach', id, found => {
        if (!found) return absent(id)
        const there = found.disks.find(one => one.device === disk.device)
        if (there) return there.path === disk.source.path ? ok(undefined) : refuse('conflict', `${id} has ${disk.device} already`)
        if (!host.volumeExists(instance, disk.volume)) return refuse('internal', `${disk.volume} is not here`)
        host.put({ ...found, disks: [...found.disks, pluggedOf(disk)] })
        return ok(undefined)
      }),
    detach: (id, disk) =>
      verb('detach', id, found => {
        if (!found?.disks.some(one => one.device === disk.device)) return ok(undefined)
        if (found.power === 'running' && found.name.includes(sentinels.holds))
          return refuse('unavailable', `the guest has not let go of ${disk.device} yet`)
        host.put({ ...found, disks: found.disks.filter(one => one.device !== disk.device) })
        return ok(undefined)
      }),
    resize: (id, device, sizeMiB) =>
      verb('resize', id, found => {
        if (!found) return absent(id)
        const disk = found.disks.find(one => one.device === device)
        const volume = disk && host.store(instance).volumes[disk.volume]
        if (!disk || !volume) return refuse('invalid', `${id} has no ${device}`)
        host.store(instance).volumes[disk.volume] = { ...volume, mib: Math.max(volume.mib, sizeMiB) }
        host.saved()
        return ok(undefined)
      }),
    switchDisk: (id, device, path) =>
      verb('switchDisk', id, found => {
        if (!found) return absent(id)
        host.put({ ...found, disks: found.disks.map(one => (one.device === device ? { ...one, path } : one)) })
        return ok(undefined)
      }),
    switchDisks: (id, disks) =>
      verb('switchDisks', id, found => {
        if (!found) return absent(id)
        const paths = new Map(disks.map(({ device, path }) => [device, path]))
        host.put({ ...found, disks: found.disks.map(one => ({ ...one, path: paths.get(one.device) ?? one.path })) })
        return ok(hears(found))
      }),
    mergeDisk: (id, device, { over }, { progress, cancel }) =>
      verb('mergeDisk', id, found => {
        if (!found) return absent(id)
        if (!isUp(found) || found.power === 'suspended') return refuse('unavailable', `${id} went off meanwhile`)
        if (!found.disks.some(one => one.device === device && one.path !== over))
          return refuse('precondition', `${id} has no ${device}`)
        if (cancel.aborted) return refuse('unavailable', 'merging its files was put off')
        progress(100)
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
    screen: (id, password, data, closed) =>
      verb('screen', id, found => {
        if (!found) return absent(id)
        if (!isUp(found)) return refuse('precondition', `${id} does not run`)
        return ok(simulatedScreen(password, new TextEncoder().encode(digest([id, password])), found.name, data, closed))
      }),
    screenshot: id =>
      verb('screenshot', id, found => {
        if (!found) return absent(id)
        return isUp(found) ? ok(simulatedPicture()) : refuse('precondition', `${id} does not run`)
      }),
    guestFacts: id =>
      guest('guestFacts', id, found => ({
        hostname: found.name,
        os: { name: 'Simulated', version: '1', kernel: '' },
        interfaces: [{ name: 'eth0', mac: '', addresses: found.addresses }],
      })),
    setGuestPassword: id => guest('setGuestPassword', id, () => undefined),
    addGuestKeys: id => guest('addGuestKeys', id, () => undefined),
    async counters() {
      const refused = host.refusal('compute.counters', null)
      if (refused) return refused
      return ok(countedOf(host.machines(instance), host.timers.now()))
    },
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
