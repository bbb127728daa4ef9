import type { HostProjection } from '@sirocco/shared/api/hosts.ts'
import type { MachineState } from '@sirocco/shared/model/machines/states.ts'
import { rescuedDevice } from '@sirocco/shared/model/volumes/rescued.ts'
import { isSharedPool } from '@sirocco/shared/model/volumes/states.ts'
import { neighboursIn } from '@sirocco/shared/wire/objects.ts'
import type { Expected, Kind } from './item.ts'

type ProjectedVolume = Extract<HostProjection['objects'][number], { kind: 'volume' }>
export type ProjectedMachine = Extract<HostProjection['objects'][number], { kind: 'machine' }>

/** What the control plane says of a machine beside the projection; undefined where this principal may not see it. */
export interface Told {
  readonly state: MachineState
  readonly ran: boolean
}

export interface Wishes {
  readonly projection: HostProjection
  readonly told: ReadonlyMap<string, Told>
  /** Volumes that could not be made, and that nobody has deleted yet. */
  readonly unmade: ReadonlySet<string>
  /** Where machines' disks lie; null on a simulated host. */
  readonly storage: string | null
}

/** One that never ran and shall not run need not be made at all. */
const need = ({ power }: ProjectedMachine, told: Told | undefined): Pick<Expected, 'optional'> =>
  power === 'on' || told?.ran ? {} : { optional: true }

const shown: Record<Exclude<ProjectedMachine['power'], 'as-is'>, string> = {
  on: 'running',
  off: 'stopped',
  cut: 'stopped',
  paused: 'paused',
  suspended: 'suspended',
  gone: 'absent',
}

/** A machine that was given up is as it is, and so is one that was found and of which nothing was asked since. */
function powerOf({ power }: ProjectedMachine, told: Told | undefined): { readonly power?: string } {
  if (told?.state === 'failed' || power === 'as-is') return {}
  // What went off while it was to stand still is off.
  const still = power === 'paused' || power === 'suspended'
  return { power: still && told?.state === 'stopped' ? 'stopped' : shown[power] }
}

/** One that is off may have been given another size since: it gets that when it starts. */
function sizeOf(machine: ProjectedMachine, told: Told | undefined, isReal: boolean): { memoryMiB?: number; vcpus?: number } {
  const { power = 'stopped' } = powerOf(machine, told)
  if (power === 'stopped') return {}
  return { memoryMiB: machine.memoryMiB, ...(isReal ? { vcpus: machine.vcpus } : {}) }
}

/** What a host should carry, by kind. A machine that is to be gone is to have nothing there. */
export function expectedOf({ projection, told, unmade, storage }: Wishes): Expected[] {
  const machines = projection.objects.filter(object => object.kind === 'machine')
  const wanted = machines.filter(({ power }) => power !== 'gone')
  const running = wanted.filter(machine => ['running', 'paused'].includes(powerOf(machine, told.get(machine.id)).power ?? ''))
  const mayRun = wanted.filter(({ power }) => power === 'as-is')
  const networks = projection.objects.filter(object => object.kind === 'network').filter(({ gone }) => !gone)
  const neighbours = neighboursIn(projection.objects.filter(object => object.kind === 'neighbours'))
  const volumes = projection.objects.filter(object => object.kind === 'volume')
  const snapshots = projection.objects.filter(object => object.kind === 'snapshot')
  const machineOf = ({ attached }: ProjectedVolume) => machines.find(({ id }) => id === attached?.machine)
  const each = (kind: Kind, facts: (machine: ProjectedMachine) => Expected['facts']): Expected[] =>
    wanted.map(machine => ({ kind, id: machine.id, facts: facts(machine), ...need(machine, told.get(machine.id)) }))
  const ofNetwork = (kind: Kind, facts: (network: (typeof networks)[number]) => Expected['facts']): Expected[] =>
    networks.map(network => ({ kind, id: network.id, facts: facts(network) }))

  return [
    ...each('machine', machine => ({
      ...powerOf(machine, told.get(machine.id)),
      ...sizeOf(machine, told.get(machine.id), storage !== null),
      disks: disksOf(volumes.filter(({ attached, gone }) => attached?.machine === machine.id && !gone)),
    })),
    ...running.map(({ id }): Expected => ({ kind: 'process', id, facts: {} })),
    ...mayRun.map(({ id }): Expected => ({ kind: 'process', id, facts: {}, optional: true })),
    ...volumes
      .filter(({ gone }) => !gone)
      .map((volume): Expected => {
        const machine = machineOf(volume)
        // One that was to grow when its machine went to sleep grows when that is resumed.
        const asleep = machine !== undefined && powerOf(machine, told.get(machine.id)).power === 'suspended'
        const facts = { ...(asleep ? {} : { mib: volume.sizeMiB }), ...baseOf(volume, storage !== null) }
        const optional = unmade.has(volume.id)
          ? ({ optional: true } as const)
          : machine
            ? need(machine, told.get(machine.id))
            : {}
        return { kind: 'volume', id: volume.id, facts, ...optional }
      }),
    ...snapshots.filter(({ gone }) => !gone).map(({ id, volume }): Expected => ({ kind: 'snapshot', id, facts: { volume } })),
    ...each('seed', () => ({})),
    // UEFI's variables: made at the first start that reaches the firmware.
    ...wanted
      .filter(({ firmware }) => firmware === 'uefi')
      .map(({ id }): Expected => ({ kind: 'nvram', id, facts: {}, optional: true })),
    ...imagesOf(wanted.filter(machine => !need(machine, told.get(machine.id)).optional)),
    ...wanted.map(({ id }): Expected => ({ kind: 'console', id, facts: {}, optional: true })),
    ...ofNetwork('bridge', ({ cidr, gateway, mtu, vni, apart }) =>
      // What goes through a tunnel is as large as the underlay lets it be.
      storage === null
        ? { cidr }
        : { address: apart ? '' : `${gateway}/${cidr.split('/')[1]}`, ...(vni === undefined ? { mtu } : {}), up: true },
    ),
    ...networks.flatMap(({ id, vni }): Expected[] => (vni === undefined ? [] : [{ kind: 'tunnel', id, facts: { vni } }])),
    // One that is just coming here may be known as here already.
    ...neighbours.map(
      ({ id, mac, network, address, via }): Expected => ({
        kind: 'neighbour',
        id: storage === null ? id : mac,
        facts: storage === null ? { network, via } : { network, via, address },
        ...(wanted.some(({ ports }) => ports.some(port => port.id === id)) ? { optional: true } : {}),
      }),
    ),
    ...running.flatMap(({ ports }) =>
      ports.map(({ mac, network }): Expected => ({ kind: 'tap', id: mac, facts: { network, up: true } })),
    ),
    ...mayRun.flatMap(({ ports }) => ports.map(({ mac }): Expected => ({ kind: 'tap', id: mac, facts: {}, optional: true }))),
    ...networks
      .filter(({ apart }) => apart)
      .map(({ id, cidr, gateway }): Expected => {
        return { kind: 'gateway', id, facts: { address: `${gateway}/${cidr.split('/')[1]}`, filters: true, outward: true } }
      }),
    ...ofNetwork('rules', ({ cidr, apart }) => ({ masquerades: apart ? '' : cidr, filters: true })),
    ...ofNetwork('dhcp', () => ({ pidFile: true })),
    ...ofNetwork('settings', () => ({})),
    // Where those that are apart ask for names.
    ...(networks.some(({ apart }) => apart)
      ? [
          { kind: 'dhcp', id: 'resolver', facts: { pidFile: true } } as const,
          { kind: 'settings', id: 'resolver', facts: {} } as const,
        ]
      : []),
    ...wanted.flatMap(({ ports }) =>
      ports.flatMap(({ mac, address, network }): Expected[] => [
        { kind: 'lease', id: mac, facts: { address, network } },
        { kind: 'given', id: mac, facts: { address, network }, optional: true },
      ]),
    ),
    ...wanted.flatMap(({ ports }) => ports.map(({ id, network }): Expected => ({ kind: 'port', id, facts: { network } }))),
    {
      kind: 'allocation',
      id: projection.host,
      facts: {
        machines: machines.length,
        vcpus: sum(machines.map(({ vcpus }) => vcpus)),
        memoryMiB: sum(machines.map(({ memoryMiB }) => memoryMiB)),
        // What lies in other pools is counted there.
        diskMiB: sum([...volumes, ...snapshots].filter(({ pool }) => pool.path === undefined).map(({ sizeMiB }) => sizeMiB)),
      },
    },
  ]
}

/** Which volume a machine has where: `vda=vol_…, vdc=vol_…`; but its own disk in rescue, which comes when its guest has booted. */
export const disksOf = (
  volumes: readonly { readonly id: string; readonly attached: { readonly device: string } | null }[],
): string =>
  volumes
    .filter(({ attached }) => attached?.device !== rescuedDevice)
    .map(({ id, attached }) => `${attached?.device}=${id}`)
    .sort()
    .join(', ')

/** What a volume stands on: an image's content, or nothing. On a simulated host by its id. Of one that was found nobody knows. One that was made from a snapshot stands on that, or alone where it came from another host. */
function baseOf({ source, pool }: ProjectedVolume, isReal: boolean): { readonly base?: string } {
  // What lies in a shared pool stands on nothing of its host.
  if (isSharedPool(pool.type)) return isReal ? { base: '' } : {}
  if (source.from === 'snapshot' || source.from === 'found') return {}
  // What a backup held was brought there, and stands alone.
  if (source.from === 'nothing' || source.from === 'backup') return { base: '' }
  return { base: isReal ? (source.files[0]?.sha256 ?? '') : source.image }
}

function imagesOf(machines: readonly ProjectedMachine[]): Expected[] {
  const files = new Map(machines.flatMap(({ image }) => image.files.map(file => [file.sha256, file.bytes] as const)))
  return [...files].map(([sha256, bytes]) => ({ kind: 'image', id: sha256, facts: { bytes } }))
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)
