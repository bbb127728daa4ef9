import type { Machine } from '@sirocco/shared/api/machines.ts'
import type { Snapshot, Volume } from '@sirocco/shared/api/volumes.ts'
import { below, chance, pick, type Random } from '@sirocco/shared/kit/random.ts'
import type { z } from 'zod'

/** What is there when something is chosen. */
export interface Sight {
  readonly machines: readonly Machine[]
  readonly volumes: readonly Volume[]
  readonly snapshots: readonly z.output<typeof Snapshot>[]
  /** Hosts, by id. */
  readonly hosts: readonly string[]
  readonly image: string
}

/** One request. */
export interface Deed {
  readonly name: string
  readonly method: 'POST' | 'DELETE'
  readonly path: string
  readonly body?: unknown
}

/** How many of each there may be: two hosts and two cores carry them. */
const most = { machines: 4, volumes: 5, snapshots: 6 } as const

const post = (name: string, path: string, body: unknown = {}): Deed => ({ name, method: 'POST', path, body })
const remove = (name: string, path: string): Deed => ({ name, method: 'DELETE', path })

/** Kinds of deeds, each of one noun that is there; none where there is nothing to do it to. */
const deeds = {
  launch: ({ machines, image }, random) =>
    machines.length < most.machines
      ? post('launch', '/machines', {
          image,
          flavor: 't3.pico',
          name: `m${below(random, 1_000)}`,
          ...(chance(random, 0.3) ? { volumes: [{ sizeMiB: 16 }] } : {}),
        })
      : null,
  start: ({ machines }, random) => ofMachine(random, machines, 'start'),
  stop: ({ machines }, random) => {
    const found = ofMachine(random, machines, 'stop')
    return found && { ...found, body: { force: chance(random, 0.8) } }
  },
  reboot: ({ machines }, random) => ofMachine(random, machines, 'reboot'),
  pause: ({ machines }, random) => ofMachine(random, machines, 'pause'),
  suspend: ({ machines }, random) => ofMachine(random, machines, 'suspend'),
  resume: ({ machines }, random) => ofMachine(random, machines, 'resume'),
  migrate: ({ machines, hosts }, random) => {
    const machine = some(
      random,
      machines.filter(({ state }) => state === 'running'),
    )
    const to = machine && hosts.find(id => id !== machine.host)
    return machine && to ? post('migrate', `/machines/${machine.id}/migrate`, { host: to }) : null
  },
  resize: ({ machines }, random) => {
    const machine = some(
      random,
      machines.filter(({ state }) => state === 'stopped'),
    )
    const flavor = machine?.flavor.name === 't3.pico' ? 't3.nano' : 't3.pico'
    return machine ? post('resize', `/machines/${machine.id}/resize`, { flavor }) : null
  },
  rebuild: ({ machines }, random) => {
    const machine = some(
      random,
      machines.filter(({ state }) => state === 'stopped'),
    )
    return machine ? post('rebuild', `/machines/${machine.id}/rebuild`) : null
  },
  rename: ({ machines }, random) => {
    const machine = some(random, machines)
    return machine ? post('rename', `/machines/${machine.id}/rename`, { name: `n${below(random, 1_000)}` }) : null
  },
  moment: ({ machines, snapshots }, random) => {
    const machine = snapshots.length < most.snapshots ? some(random, machines) : null
    return machine ? post('moment', `/machines/${machine.id}/snapshot`) : null
  },
  volume: ({ volumes }, random) =>
    volumes.length < most.volumes + most.machines ? post('volume', '/volumes', { sizeMiB: 8 + below(random, 24) }) : null,
  attach: ({ machines, volumes }, random) => {
    const volume = some(
      random,
      volumes.filter(({ state }) => state === 'available'),
    )
    const machine = some(random, machines)
    return volume && machine ? post('attach', `/volumes/${volume.id}/attach`, { machine: machine.id }) : null
  },
  detach: ({ volumes }, random) => {
    const volume = some(
      random,
      volumes.filter(({ attachment }) => attachment && !attachment.boot),
    )
    return volume ? post('detach', `/volumes/${volume.id}/detach`) : null
  },
  grow: ({ volumes }, random) => {
    const volume = some(random, volumes)
    return volume ? post('grow', `/volumes/${volume.id}/grow`, { sizeMiB: volume.sizeMiB + 4 }) : null
  },
  snapshot: ({ volumes, snapshots }, random) => {
    const volume = snapshots.length < most.snapshots ? some(random, volumes) : null
    return volume ? post('snapshot', '/snapshots', { volume: volume.id }) : null
  },
  revert: ({ snapshots }, random) => {
    const snapshot = some(random, snapshots)
    return snapshot ? post('revert', `/volumes/${snapshot.volume}/revert`, { snapshot: snapshot.id }) : null
  },
  copy: ({ volumes, snapshots }, random) => {
    const snapshot = volumes.length < most.volumes + most.machines ? some(random, snapshots) : null
    return snapshot ? post('copy', '/volumes', { snapshot: snapshot.id }) : null
  },
  delete: ({ machines }, random) => {
    const machine = some(random, machines)
    return machine ? remove('delete', `/machines/${machine.id}`) : null
  },
  'delete volume': ({ volumes }, random) => {
    const volume = some(
      random,
      volumes.filter(({ state }) => state === 'available'),
    )
    return volume ? remove('delete volume', `/volumes/${volume.id}`) : null
  },
  'delete snapshot': ({ snapshots }, random) => {
    const snapshot = some(random, snapshots)
    return snapshot ? remove('delete snapshot', `/snapshots/${snapshot.id}`) : null
  },
} as const satisfies Record<string, (sight: Sight, random: Random) => Deed | null>

/** Launches and moves are the longest: more of these, so that the others meet them. */
const chosen: readonly (keyof typeof deeds)[] = [
  ...(Object.keys(deeds) as (keyof typeof deeds)[]),
  ...(['launch', 'launch', 'start', 'migrate', 'migrate', 'attach'] as const),
]

/** The next of a storm. Not all of them are granted: what a noun is in the middle of stands against some. */
export function nextDeed(sight: Sight, random: Random): Deed {
  for (;;) {
    const deed = sight.machines.length === 0 ? deeds.launch(sight, random) : deeds[pick(random, chosen)](sight, random)
    if (deed) return deed
  }
}

const some = <T>(random: Random, from: readonly T[]): T | null => (from.length > 0 ? pick(random, from) : null)

function ofMachine(random: Random, machines: readonly Machine[], verb: keyof Machine['allowed'] & string): Deed | null {
  const machine = some(
    random,
    machines.filter(({ allowed }) => allowed[verb] === null),
  )
  return machine ? post(verb, `/machines/${machine.id}/${verb}`) : null
}
