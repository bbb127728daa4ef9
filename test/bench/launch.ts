import { copyFile, mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { AgentConfig } from '@sirocco/agent/config.ts'
import { domainXml } from '@sirocco/agent/drivers/libvirt/domain-xml.ts'
import { acceleration, architecture } from '@sirocco/agent/drivers/libvirt/host.ts'
import { domainName } from '@sirocco/agent/drivers/libvirt/identity.ts'
import { type Answer, type Connection, openConnection } from '@sirocco/agent/drivers/libvirt/rpc/connection.ts'
import { type LifecycleEvent, lifecycleEventId, procedures } from '@sirocco/agent/drivers/libvirt/rpc/procedures.ts'
import { bridgeName } from '@sirocco/agent/network/names.ts'
import type { Definition, MachineFiles } from '@sirocco/agent/ports/compute.ts'
import { run } from '@sirocco/agent/programs/run.ts'
import { createOverlay } from '@sirocco/agent/storage/disk-image.ts'
import type { Timers } from '@sirocco/shared/kit/clock.ts'
import { Wanted, type WantedMachine, type WantedNetwork } from '@sirocco/shared/wire/objects.ts'
import { z } from 'zod'
import { Instance } from '../support/instance.ts'
import { Ec2, instancesIn } from './ec2.ts'
import { type Figure, figure } from './figure.ts'

/** VIR_DOMAIN_EVENT_STARTED */
const startedEvent = 2
/** Of the domains that are started by libvirt alone. */
const bare = { instance: 'bench', tag: 'bnc' } as const
const eventMs = 60_000
const bootMs = 180_000
/** Between two measurements, for what the last one left to settle. */
const restMs = 300

const timers: Timers = {
  now: () => Date.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms)
    return { cancel: () => clearTimeout(timer) }
  },
}

function sure<T>(answer: Answer<T>): T {
  if (answer.ok) return answer.value
  throw new Error(answer.error.message)
}

/** When libvirt says that a domain runs; heard over a connection of the bench's own. */
class Starts {
  readonly #waiting = new Map<string, (at: number) => void>()

  heard({ domain, event }: LifecycleEvent): void {
    const at = performance.now()
    if (event !== startedEvent) return
    for (const [prefix, found] of this.#waiting) if (domain.name.startsWith(prefix)) found(at)
  }

  /** Of the next domain whose name begins so. Ask before it can start. */
  next(prefix: string): Promise<number> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`libvirt never said that ${prefix}… runs`)), eventMs)
      this.#waiting.set(prefix, at => {
        clearTimeout(late)
        this.#waiting.delete(prefix)
        resolve(at)
      })
    })
  }
}

/**
 * From the answer to RunInstances to libvirt's word that the domain runs, against libvirt's own define and start of the same XML on the
 * same libvirtd, in turns. Another machine runs all the while, so that the network is there for both.
 */
export async function launch(runs: number): Promise<Figure[]> {
  const instance = await Instance.start()
  const ec2 = new Ec2(instance.ready)
  const starts = new Starts()
  const agent = AgentConfig.parse(JSON.parse(await readFile(join(instance.data, 'agent/agent.json'), 'utf8')))
  const [host] = agent.hosts
  if (agent.driver.kind !== 'libvirt' || !host) throw new Error('the machines of this instance are not real')
  const { socket, uri } = agent.driver
  const lifecycle = (event: LifecycleEvent) => starts.heard(event)
  const link = sure(await openConnection({ socket, uri, timers, lifecycle, lost: () => undefined }))
  const there: string[] = []
  try {
    sure(await link.call(procedures.registerEvent, lifecycleEventId))
    const request = await ec2.launching(1)
    there.push(...(await ec2.launch(1)))
    const [neighbour] = await wantedOn(instance.data, host.id)
    if (!neighbour) throw new Error('the agent holds nothing of the machine that runs')
    await booted(join(agent.storage, 'consoles', `${neighbour.machine.id}.log`))

    const alone = await Bare.prepare(agent, neighbour)
    const ours: number[] = []
    const accepts: number[] = []
    const theirs: number[] = []
    const parts: Parts[] = []
    // The first of each is for the caches.
    for (let turn = 0; turn <= runs; turn++) {
      await pause(restMs)
      const libvirts = await alone.start(link, starts)
      await pause(restMs)
      const prepared = request()
      const running = starts.next(`sirocco-${agent.tag}-`)
      const asked = performance.now()
      const answer = await ec2.send(prepared)
      const accepted = performance.now()
      const at = await running
      const launched = instancesIn(answer)
      there.push(...launched)
      const steps = await stepsOf(instance.data, host.id, accepted, at)
      await ec2.terminate(launched)
      there.splice(1)
      if (turn === 0) continue
      theirs.push(libvirts)
      ours.push(at - accepted)
      accepts.push(accepted - asked)
      if (steps) parts.push(steps)
    }
    return [
      figure('launch', 'ms', ours, theirs),
      figure('launch.accept', 'ms', accepts),
      ...(parts.length > 0
        ? (['heard', 'disk', 'define', 'start'] as const).map(name =>
            figure(
              `launch.${name}`,
              'ms',
              parts.map(part => part[name]),
            ),
          )
        : []),
    ]
  } finally {
    await ec2.terminate(there).finally(() => instance.dispose())
    link.close()
    ec2.close()
  }
}

/** The same machine as one of the instance's, but for its names and its MAC, for libvirt alone. */
class Bare {
  readonly #definition: Definition
  readonly #xml: string
  readonly #disk: () => Promise<void>

  private constructor(definition: Definition, xml: string, disk: () => Promise<void>) {
    this.#definition = definition
    this.#xml = xml
    this.#disk = disk
  }

  static async prepare(agent: AgentConfig, { machine, networks }: Held): Promise<Bare> {
    const dir = join(agent.storage, 'bench')
    await mkdir(dir, { recursive: true, mode: 0o711 })
    const imageOf = (role: string) => machine.image.files.find(file => file.role === role)
    const pathOf = (role: string) => join(agent.storage, 'images', imageOf(role)?.sha256 ?? '')
    const image = imageOf('disk')
    if (!image) throw new Error('the image has no disk')
    const files: MachineFiles = {
      disk: join(dir, 'disk.qcow2'),
      seed: join(dir, 'seed.iso'),
      ...(imageOf('kernel') ? { kernel: pathOf('kernel') } : {}),
      ...(imageOf('initrd') ? { initrd: pathOf('initrd') } : {}),
    }
    await copyFile(join(agent.storage, 'machines', machine.id, 'seed.iso'), files.seed)
    const ports = machine.ports.map((port, at) => ({ ...port, mac: `52:54:00:be:9c:0${at}` }))
    const plugs = ports.flatMap(({ mac, network }) => {
      const found = networks.find(({ id }) => id === network)
      return found ? [{ mac, bridge: bridgeName(agent.tag, network), mtu: found.mtu }] : []
    })
    const definition = { machine: { ...machine, ports }, files, plugs }
    const xml = domainXml(definition, {
      ...bare,
      acceleration: await acceleration(),
      architecture: architecture(),
      consoleLog: () => join(agent.storage, 'consoles/bench.log'),
    })
    return new Bare(definition, xml, async () => {
      await rm(files.disk, { force: true })
      const made = await createOverlay(run, files.disk, pathOf('disk'), image, machine.diskMiB)
      if (!made.ok) throw new Error(made.fault.detail ?? made.fault.message)
    })
  }

  /** Milliseconds of libvirt's define and start, to its own word that the domain runs; then the domain is gone. */
  async start(link: Connection, starts: Starts): Promise<number> {
    await this.#disk()
    const running = starts.next(domainName(bare.tag, this.#definition.machine.id))
    const before = performance.now()
    const domain = sure(await link.call(procedures.define, this.#xml))
    try {
      sure(await link.call(procedures.start, domain))
      return (await running) - before
    } finally {
      await link.call(procedures.destroy, { domain, flags: 0 })
      sure(await link.call(procedures.undefine, { domain, flags: 0 }))
    }
  }
}

interface Held {
  readonly machine: WantedMachine
  readonly networks: readonly WantedNetwork[]
}

const Desired = z.object({ objects: z.array(Wanted) })

/** What the agent was told, from its own file. */
async function wantedOn(data: string, host: string): Promise<Held[]> {
  const { objects } = Desired.parse(JSON.parse(await readFile(join(data, 'agent', `desired-${host}.json`), 'utf8')))
  const networks = objects.filter(object => object.kind === 'network')
  return objects.filter(object => object.kind === 'machine').map(machine => ({ machine, networks }))
}

/** Where the time went, in milliseconds: until the agent began; for disk and seed; for the definition with its network; for the start. */
interface Parts {
  readonly heard: number
  readonly disk: number
  readonly define: number
  readonly start: number
}

const Intent = z.object({ note: z.literal('intent'), step: z.string(), at: z.number() })

/** As the agent's journal has it; null where it was just written anew. */
async function stepsOf(data: string, host: string, accepted: number, running: number): Promise<Parts | null> {
  const lines = (await readFile(join(data, 'agent', `journal-${host}.jsonl`), 'utf8')).split('\n').filter(line => line !== '')
  const since = performance.timeOrigin + accepted - eventMs
  const intents = lines.flatMap(line => Intent.safeParse(JSON.parse(line)).data ?? []).filter(({ at }) => at > since)
  const at = (step: string) => intents.findLast(intent => intent.step === step)?.at
  const [prepare, define, start] = [at('prepare'), at('define'), at('start')]
  if (prepare === undefined || define === undefined || start === undefined) return null
  const { timeOrigin } = performance
  return {
    heard: prepare - timeOrigin - accepted,
    disk: define - prepare,
    define: start - define,
    start: running + timeOrigin - start,
  }
}

/** Until the guest asks who is there: a guest that boots takes the processor from what is measured. */
async function booted(console: string): Promise<void> {
  for (const end = performance.now() + bootMs; performance.now() < end; await pause(200))
    if (/login:/.test(await readFile(console, 'utf8').catch(() => ''))) return
  throw new Error('the guest beside does not come up')
}
