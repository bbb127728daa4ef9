import { assert } from '@sirocco/shared/kit/assert.ts'
import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { below, hex } from '@sirocco/shared/kit/random.ts'
import { Secret } from '@sirocco/shared/kit/secret.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { firmwares, recovers } from '@sirocco/shared/model/machines/states.ts'
import { z } from 'zod'
import { unlaunchable } from '../../domain/images/launchable.ts'
import { workflowVersions } from '../../domain/operations/workflows.ts'
import { lyingIn, poolFor, roomFor } from '../../domain/volumes/pool.ts'
import type { Change } from '../../ports/changes.ts'
import { flavorNamed } from '../flavors/find.ts'
import { Name, PoolRef, Ref, Tags, UserData, VolumeSize } from '../inputs.ts'
import { drawAddresses } from '../networks/draw-addresses.ts'
import { choose } from '../placement/choose.ts'
import { zoneNamed } from '../regions/find.ts'
import { GroupRefs } from '../security-groups/inputs.ts'
import { touched } from '../security-groups/touched.ts'
import { type Context, type Decision, write } from '../verb.ts'
import { furtherVolume, type Launched, LaunchVolumes, rootVolume, withDevices } from './launch-volumes.ts'

const Input = z.object({
  image: Ref,
  /** By name, e.g. t3.micro. */
  flavor: z.string().min(1).max(64),
  minCount: z.int().min(1, 'at least one machine').max(limits.bulk).default(1),
  maxCount: z.int().min(1, 'at least one machine').max(limits.bulk).default(1),
  name: Name.optional(),
  /** By name. */
  keyPair: z.string().min(1).max(255).optional(),
  userData: UserData.optional(),
  /** Of the volume it boots from; the flavor's where it is not said. */
  rootDiskMiB: VolumeSize.optional(),
  /** Is that volume deleted with the machine? */
  deleteRootDisk: z.boolean().default(true),
  volumes: LaunchVolumes.default([]),
  /** Where they all lie, by name or id; the zone's default pool where it is not said. */
  pool: PoolRef.optional(),
  tags: Tags.default({}),
  /** Of its volumes. */
  volumeTags: Tags.default({}),
  subnet: Ref.optional(),
  /** By id or name; the network's default group where none is named. */
  securityGroups: GroupRefs.default([]),
  /** By name or id. */
  placementGroup: z.string().min(1).max(255).optional(),
  /** Only on hosts that have these tags, beside those that the flavor asks for. */
  hostTags: Tags.default({}),
  zone: z.string().max(64).optional(),
  onGuestShutdown: z.enum(['stop', 'terminate']).default('stop'),
  /** What becomes of it when its host is fenced. */
  recover: z.enum(recovers).default('no'),
  clientToken: z.string().max(64).optional(),
  /** Refuse to delete them before this is taken off. */
  protected: z.boolean().default(false),
  /** The image's own choice where it is left out. */
  firmware: z.enum(firmwares).optional(),
})

interface Launch {
  readonly machines: readonly Id<'machine'>[]
  readonly reservation: string
}

/**
 * Launches `minCount` to `maxCount` machines: placed and claimed in the batch that inserts them, each pursued by its own operation.
 * Refuses `capacity` where fewer than `minCount` fit.
 */
export const launchMachines = write('machines.launch', {
  input: Input,
  async run(context, input): Promise<Result<Decision<Launch>>> {
    const named = Name.optional().safeParse(input.name ?? (input.tags.Name || undefined))
    if (!named.success)
      return refuse('invalid', `the tag Name becomes the machine's name: ${named.error.issues[0]?.message ?? 'invalid'}`, {
        field: 'tags.Name',
      })
    if (input.minCount > input.maxCount) return refuse('invalid', 'minCount may not exceed maxCount', { field: 'minCount' })
    const tagged = Object.keys(input.tags).length + (1 + input.volumes.length) * Object.keys(input.volumeTags).length
    if (input.maxCount * tagged > limits.bulkTags)
      return refuse('invalid', `at most ${limits.bulkTags} tags can be set at once; launch fewer machines, or tag them later`, {
        field: 'tags',
      })
    if (input.maxCount * (input.userData?.length ?? 0) > limits.bulkUserData)
      return refuse('invalid', 'so much user-data cannot be given to so many machines at once; launch them in several requests', {
        field: 'userData',
      })
    if (input.maxCount * (1 + input.volumes.length) > limits.bulk)
      return refuse(
        'invalid',
        `at most ${limits.bulk} volumes can be made at once; launch fewer machines, or fewer volumes of each`,
        {
          field: 'volumes',
        },
      )
    const further = withDevices(input.volumes)
    if (!further.ok) return further
    const parts = await partsOf(context, input)
    if (!parts.ok) return parts
    const { image, flavor, keyPair, network, subnet, group, pool, securityGroups } = parts.value
    const diskMiB = input.rootDiskMiB ?? Math.max(flavor.diskMiB, image.minDiskMiB)
    if (diskMiB < image.minDiskMiB)
      return refuse('invalid', `${image.name} needs a disk of at least ${image.minDiskMiB} MiB; ask for so much`, {
        field: 'rootDiskMiB',
      })

    const hostTags = { ...input.hostTags, ...flavor.hostTags }
    const { vcpus, memoryMiB } = flavor
    const count = { min: input.minCount, max: input.maxCount }
    const demand = {
      zone: subnet.zone,
      architecture: image.architecture,
      vcpus,
      memoryMiB,
      ...roomFor([{ pool, sizeMiB: diskMiB }, ...further.value.map(({ sizeMiB }) => ({ pool, sizeMiB }))]),
      hostTags,
      group,
    }
    const [placed, drawn, touching, beside] = await Promise.all([
      choose(context, demand, count),
      drawAddresses(context, subnet, count),
      touched(context, 'members', securityGroups),
      context.store.networks.beside({ subnet: subnet.id }),
    ])
    if (!beside.ok) return beside
    if (!touching.ok) return touching
    if (!placed.ok) return placed
    if (!drawn.ok) return drawn
    const hosts = placed.value.hosts.slice(0, drawn.value.addresses.length)

    // Where another was quicker before, any host that fits will do: else a crowd on the last free places refuses each other for ever.
    // Further volumes are claimed on the host that was chosen, so they keep to it.
    const others =
      context.refused.size > 0 && hosts.length === 1 && further.value.length === 0
        ? placed.value.others.slice(0, limits.placementWindow)
        : []
    // Likewise any address that is free.
    const taking =
      context.attempt > 0 && hosts.length === 1
        ? ({ do: 'port.claim', others: drawn.value.others } as const)
        : ({ do: 'port.insert' } as const)

    const reservation = `r-${hex(context.random, 17)}`
    const machines: Id<'machine'>[] = []
    const changes: Change[] = []
    const secret = input.userData ? new Secret(input.userData) : null
    for (const [launchIndex, host] of hosts.entries()) {
      const address = drawn.value.addresses[launchIndex]
      assert(address, 'an address for each machine')
      const id = context.ids.make('machine')
      const volume = context.ids.make('volume')
      const operation = context.ids.make('operation')
      const port = context.ids.make('port')
      const alias = `i-${hex(context.random, 17)}`
      const { project } = context.principal
      const launched: Launched = { machine: id, zone: subnet.zoneId, pool, host, tags: input.volumeTags }
      machines.push(id)
      changes.push(
        {
          do: 'machine.insert',
          machine: {
            id,
            alias,
            project,
            zone: subnet.zoneId,
            name: nameOf(named.data, alias, launchIndex, hosts.length),
            flavor: flavor.name,
            vcpus: flavor.vcpus,
            memoryMiB: flavor.memoryMiB,
            diskMiB,
            image: image.id,
            keyPair: keyPair?.name ?? null,
            publicKeys: keyPair ? [keyPair.publicKey] : [],
            userData: secret ? await context.secrets.seal(secret, `machine|${id}|user_data`) : null,
            reservation,
            launchIndex,
            clientToken: input.clientToken ?? context.token,
            onGuestShutdown: input.onGuestShutdown,
            placementGroup: group?.id ?? null,
            hostTags,
            protected: input.protected,
            firmware: input.firmware ?? image.firmware,
            recover: input.recover,
          },
        },
        {
          do: 'allocation.claim',
          id: context.ids.make('allocation'),
          consumer: id,
          host,
          vcpus: flavor.vcpus,
          memoryMiB: flavor.memoryMiB,
          diskMiB: 0,
          lying: lyingIn(pool),
          group,
          others,
          root: { id: context.ids.make('allocation'), volume, diskMiB },
        },
        ...rootVolume(context, volume, launched, { image: image.id, diskMiB, kept: !input.deleteRootDisk }),
        ...further.value.flatMap(each => furtherVolume(context, launched, each)),
        {
          ...taking,
          port: {
            id: port,
            alias: `eni-${hex(context.random, 17)}`,
            project,
            network: network.id,
            subnet: subnet.id,
            machine: id,
            position: 0,
            mac: macOf(context),
            address,
          },
        },
        ...securityGroups.map(({ id: group }) => ({ do: 'port-group.insert', port, group }) as const),
        ...Object.entries(input.tags).map(([key, value]) => ({ do: 'tag.set', project, resource: id, key, value }) as const),
        {
          do: 'operation.start',
          operation: {
            id: operation,
            kind: 'machine.create',
            workflow: workflowVersions['machine.create'],
            project,
            subject: id,
            generation: 1,
          },
        },
        { do: 'event', project, type: 'machine.create.asked', subject: id, data: { operation, generation: 1 } },
      )
    }
    for (const host of new Set(hosts)) changes.push({ do: 'host.touch', host })
    if (subnet.vni === null) changes.push({ do: 'subnet.number', subnet: subnet.id, vni: vniOf(context) })
    // That of a default network stays.
    if (!network.isDefault) changes.push({ do: 'subnet.holds', subnet: subnet.id })
    changes.push({ do: 'port.moved', of: { subnet: subnet.id }, hosts: beside.value })
    changes.push({ do: 'security-group.holds', groups: securityGroups.map(({ id }) => id) }, touching.value)
    return ok({ answer: { machines, reservation }, subjects: machines, changes })
  },
})

/** Everything a launch names, found; the first that is missing or does not fit refuses. */
async function partsOf({ store, scope, principal }: Context, input: z.output<typeof Input>) {
  const [image, flavors, keyPair, regions, group, pools] = await Promise.all([
    store.images.find(scope, input.image),
    store.flavors.list(),
    input.keyPair === undefined ? ok(null) : store.keyPairs.find(scope, input.keyPair),
    store.regions.list(),
    input.placementGroup === undefined ? ok(null) : store.placementGroups.find(scope, input.placementGroup),
    store.pools.list(),
  ])
  if (!image.ok) return image
  const unfit = unlaunchable(image.value)
  if (unfit) return unfit
  if (!flavors.ok) return flavors
  if (!keyPair.ok) return keyPair
  if (!regions.ok) return regions
  if (!group.ok) return group
  if (!pools.ok) return pools
  const flavor = flavorNamed(flavors.value, input.flavor)
  if (!flavor.ok) return flavor
  const chosen = input.subnet === undefined ? ok(null) : await store.networks.withSubnet(scope, input.subnet)
  if (!chosen.ok) return chosen
  const zone = zoneNamed(regions.value, input.zone ?? chosen.value?.subnets[0]?.zone)
  if (!zone.ok) return zone
  const pool = poolFor(pools.value, zone.value.name, input.pool)
  if (!pool.ok) return pool
  const network = chosen.value ? ok(chosen.value) : await store.networks.defaultSubnet(principal.project, zone.value.name)
  if (!network.ok) return network
  const subnet = network.value.subnets.find(one => one.zoneId === zone.value.id)
  if (!subnet) return refuse('invalid', `the subnet ${input.subnet} is not in ${zone.value.name}`, { field: 'zone' })
  const securityGroups = await store.securityGroups.ofNetwork(network.value.id, input.securityGroups)
  if (!securityGroups.ok) return securityGroups
  return ok({
    image: image.value,
    flavor: flavor.value,
    keyPair: keyPair.value,
    network: network.value,
    subnet,
    group: group.value,
    pool: pool.value,
    securityGroups: securityGroups.value,
  })
}

const nameOf = (name: string | undefined, alias: string, index: number, count: number): string =>
  name === undefined || name === '' ? alias : count > 1 ? `${name}-${index + 1}` : name

/** Locally administered, unicast. One that another port of the subnet has is refused by the index, and drawn again. */
const macOf = ({ random }: Context): string => ['02', ...Array.from({ length: 5 }, () => hex(random, 2))].join(':')

/** Any of 24 bits but the lowest, which people number by hand. One that another subnet of the zone has is refused, and drawn again. */
const vniOf = ({ random }: Context): number => limits.vniFirst + below(random, 2 ** 24 - limits.vniFirst)
