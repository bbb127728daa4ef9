import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { type Agent, composeAgent } from '@sirocco/agent/compose.ts'
import { MemoryDisk } from '@sirocco/agent/disk/memory.ts'
import { simulatedCompute } from '@sirocco/agent/drivers/simulated/compute.ts'
import { SimulatedHost } from '@sirocco/agent/drivers/simulated/host.ts'
import { simulatedNetworks } from '@sirocco/agent/drivers/simulated/networks.ts'
import { simulatedStorage } from '@sirocco/agent/drivers/simulated/storage.ts'
import { SimulatedSite, simulatedUnderlay } from '@sirocco/agent/drivers/simulated/underlay.ts'
import { simulatedVolumes } from '@sirocco/agent/drivers/simulated/volumes.ts'
import { makeCredential, signedHeaders } from '@sirocco/agent/link/credential.ts'
import { Dialler } from '@sirocco/agent/link/dial.ts'
import { addressOf } from '@sirocco/agent/link/request.ts'
import { openWebSocket } from '@sirocco/agent/link/web-socket.ts'
import type { Timers } from '@sirocco/shared/kit/clock.ts'
import type { Random } from '@sirocco/shared/kit/random.ts'
import { EnrolAnswer } from '@sirocco/shared/wire/enrol.ts'

const wall: Timers = {
  now: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms)
    return { cancel: () => clearTimeout(timer) }
  },
}
const random: Random = {
  next: () => randomBytes(4).readUInt32BE() / 2 ** 32,
  bytes: length => Uint8Array.from(randomBytes(length)),
}
const instance = 'fleet'
/** Enrolments that are under way at the same time. */
const abreast = 16

/** Many real agents in this process: each with its own key, link, journal in memory, and one simulated host. */
export class Fleet {
  readonly #url: string
  readonly #members: { readonly agent: Agent; readonly dialler: Dialler }[] = []

  constructor(url: string) {
    this.#url = url
  }

  live(): number {
    return this.#members.filter(({ agent }) => agent.session.live).length
  }

  /** `allow` makes one-time tokens valid, by their SHA-256 in hex. */
  async growTo(size: number, allow: (hashes: readonly string[]) => void): Promise<void> {
    const from = this.#members.length
    const made = Array.from({ length: size - from }, () => randomBytes(24).toString('base64url'))
    allow(made.map(token => createHash('sha256').update(token).digest('hex')))
    const queue = made.entries()
    const work = async () => {
      for (const [at, token] of queue) this.#members.push(await this.#join(`host-${from + at}`, token))
    }
    await Promise.all(Array.from({ length: abreast }, work))
  }

  async stop(): Promise<void> {
    for (const { dialler } of this.#members) dialler.stop()
    for (const { agent } of this.#members) await agent.stop()
  }

  async #join(name: string, token: string) {
    const control = { url: this.#url, pin: null }
    const credential = makeCredential()
    const fingerprint = createHash('sha256').update(name).digest('hex')
    const body = { token, publicKey: credential.publicKey, fingerprint, hosts: [{ name }], agentVersion: 'bench' }
    const answer = await fetch(addressOf(control, 'agent/enrol'), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    if (!answer.ok) throw new Error(`the enrolment of ${name} was refused with ${answer.status}: ${await answer.text()}`)
    const { agent: id, hosts } = EnrolAnswer.parse(await answer.json())
    const signer = { credential, agent: id, fingerprint, clock: wall }
    const agent = await composeAgent({
      hosts: hosts.map(host => {
        const simulated = new SimulatedHost({ timers: wall, name: host.name, bootId: randomUUID() })
        return {
          ...host,
          compute: simulatedCompute(simulated, instance),
          storage: simulatedStorage(simulated, instance),
          volumes: simulatedVolumes(simulated, instance),
          networks: simulatedNetworks(simulated, instance),
        }
      }),
      underlay: simulatedUnderlay(new SimulatedSite()),
      disk: new MemoryDisk(),
      timers: wall,
      random,
      fetchImage: () => {
        throw new Error('nothing is launched here')
      },
      joinConsole: async () => ({ ok: false, fault: { code: 'unsupported', message: 'there is no console here' } }),
      identity: { agentVersion: 'bench', bootId: randomUUID(), runId: randomUUID() },
      log: () => {},
    })
    const link = addressOf(control, 'agent/link')
    const dialler = new Dialler({
      session: agent.session,
      timers: wall,
      random,
      log: () => {},
      open: events =>
        openWebSocket(control, link, signedHeaders(signer, 'GET', link), {
          opened: events.opened,
          text: events.message,
          bytes: () => {},
          closed: events.closed,
        }),
    })
    dialler.start()
    return { agent, dialler }
  }
}
