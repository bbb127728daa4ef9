import { setTimeout as pause } from 'node:timers/promises'
import { HostPage } from '@sirocco/shared/api/hosts.ts'
import { ImagePage } from '@sirocco/shared/api/images.ts'
import { MachinePage } from '@sirocco/shared/api/machines.ts'
import { OperationPage } from '@sirocco/shared/api/operations.ts'
import { SnapshotPage, VolumePage } from '@sirocco/shared/api/volumes.ts'
import { below, chance, pick, seeded } from '@sirocco/shared/kit/random.ts'
import { hasEnded } from '@sirocco/shared/model/operations/states.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Box, here, whyNotReal } from '../support/box.ts'
import { Instance } from '../support/instance.ts'
import { kill } from '../support/kill.ts'
import { openSite, type Site } from '../support/site.ts'
import { until } from '../support/until.ts'
import { SiteAgent } from './site-agent.ts'
import { type Deed, nextDeed, type Sight } from './storm-deeds.ts'

const whyNot = whyNotReal()

/** Requests that are granted, all in all. `SIROCCO_STORM=200` takes a quarter of an hour. */
const wanted = Number(process.env.SIROCCO_STORM ?? 20)
/** What is asked and what dies follows from it; how they meet is the machine's own timing. */
const seed = Number(process.env.SIROCCO_STORM_SEED ?? 1)
/** One request in so many is followed by a death. */
const deadly = 0.3
/** What is begun in the storm has this long to come to its end after it. */
const calmMs = 180_000

describe.skipIf(whyNot !== null)(`a storm over two hosts${whyNot === null ? '' : ` (${whyNot})`}`, () => {
  let site: Site
  let box: Box
  let instance: Instance
  let agents: SiteAgent[] = []
  const log: string[] = []
  const began = performance.now()
  const say = (line: string) => log.push(`${((performance.now() - began) / 1_000).toFixed(1)} s ${line}`)

  beforeAll(async () => {
    site = await openSite(2)
    box = await here()
    instance = await Instance.start({ box, name: 'control', args: ['--no-agent'] })
    const script = await SiteAgent.bundle(site.dir)
    agents = site.hosts.map(host => new SiteAgent(host, instance, script))
    for (const agent of agents) {
      await agent.enrol()
      agent.start()
    }
    await until('both hosts to be up', async () => {
      const { items } = HostPage.parse((await instance.ask('GET', '/hosts')).body)
      return items.filter(({ state }) => state === 'up').length === 2 ? true : null
    })
  }, 180_000)
  afterAll(async () => {
    await instance?.dispose()
    await site?.close()
    await box?.close()
  }, 60_000)

  const get = async (path: string) => (await instance.insist('GET', path)).body
  const there = ({ state }: { readonly state: string }) => state !== 'gone' && state !== 'deleting'
  const all = async () => ({
    machines: MachinePage.parse(await get('/machines?limit=1000')).items,
    volumes: VolumePage.parse(await get('/volumes?limit=1000')).items,
    snapshots: SnapshotPage.parse(await get('/snapshots?limit=1000')).items,
  })
  const sight = async (image: string): Promise<Sight> => {
    const { machines, volumes, snapshots } = await all()
    return {
      machines: machines.filter(there),
      volumes: volumes.filter(there),
      snapshots: snapshots.filter(there),
      hosts: agents.map(({ id }) => id),
      image,
    }
  }

  /** Asks until it is answered, as a client does that knows its token; what nobody can do now is refused. */
  async function ask({ method, path, body }: Deed, token: string): Promise<{ status: number; body: unknown }> {
    for (let tries = 0; ; tries++) {
      const answer = await instance.ask(method, path, body, token).catch(error => ({ status: 0, body: String(error) }))
      if ((answer.status > 0 && answer.status < 500 && answer.status !== 429) || (tries > 20 && answer.status > 0)) return answer
      if (tries > 300) throw new Error(`${method} ${path} is never answered: ${JSON.stringify(answer.body)}`)
      await pause(100)
    }
  }

  const guests = (id = '') =>
    agents.flatMap(agent =>
      agent.host
        .processes()
        .filter(({ words }) => words.some(word => word.startsWith('guest=') && word.includes(id)))
        .map(({ pid }) => ({ host: agent.id, pid })),
    )
  const deaths = {
    agent: async agent => {
      await agent.kill()
      agent.start()
    },
    libvirtd: async agent => {
      agent.host.killLibvirtd()
      await agent.host.startLibvirtd()
    },
    'agent and libvirtd': async agent => {
      await agent.kill()
      agent.host.killLibvirtd()
      await agent.host.startLibvirtd()
      agent.start()
    },
    workerd: () => instance.kill('workerd'),
    QEMU: async agent => {
      const [victim] = guests().filter(({ host }) => host === agent.id)
      if (victim) kill(victim.pid)
    },
  } as const satisfies Record<string, (agent: SiteAgent) => Promise<void>>

  /** What is under way, or is not as its row says; null: all is calm. */
  async function unrest(): Promise<string | null> {
    const { items } = OperationPage.parse(await get('/operations?limit=1000'))
    // What was asked of a machine just before somebody suspended it waits until it goes on; that is said.
    const asleep = 'waiting for its machine, which is suspended'
    const open = items.filter(({ state, waiting }) => !hasEnded(state) && !waiting?.startsWith(asleep))
    if (open.length > 0)
      return open.map(({ kind, subject, state, waiting }) => `${kind} of ${subject} is ${state}: ${waiting}`).join('; ')
    const { machines, volumes, snapshots } = await all()
    for (const { id, state, host, progress } of machines.filter(({ state }) => state !== 'gone')) {
      const running = guests(id)
      const should = state === 'running' || state === 'paused' ? 1 : 0
      if (!['running', 'paused', 'stopped', 'suspended', 'failed'].includes(state)) return `${id} is ${state}: ${progress}`
      if (running.length !== should || (should === 1 && running[0]?.host !== host))
        return `${id} is ${state} on ${host}, and has guests ${JSON.stringify(running)}`
    }
    for (const { id, state, stateReason } of volumes) {
      // A guest that does not let go of it (paused, say) has it until it stops; that is said.
      const kept = state === 'detaching' && stateReason !== null
      if (!kept && !['available', 'in-use', 'gone', 'failed'].includes(state)) return `${id} is ${state}`
    }
    for (const { id, state } of snapshots) if (!['ready', 'gone', 'failed'].includes(state)) return `${id} is ${state}`
    return null
  }
  const calm = () =>
    until(
      'the calm',
      async () => {
        const why = await unrest()
        if (why !== null) throw new Error(why)
        return true
      },
      calmMs,
    )
  const clean = async () => {
    for (const agent of agents) {
      const found = await agent.audit(30)
      if (found.length > 0) throw new Error(`on ${agent.host.name}: ${JSON.stringify(found)}`)
    }
  }

  test(
    `after ${wanted} mixed requests and what died among them, all is as it is said (seed ${seed})`,
    async () => {
      const [choosing, dying] = [seeded(seed), seeded(seed + 1)]
      const image = ImagePage.parse(await get('/images')).items[0]?.id ?? ''
      let granted = 0
      try {
        for (let n = 0; granted < wanted; n++) {
          if (n > 6 * wanted) throw new Error(`only ${granted} of ${n} requests were granted`)
          const deed = nextDeed(await sight(image), choosing)
          const asked = ask(deed, `storm-${seed}-${n}`)
          if (chance(dying, deadly)) {
            const [part, agent] = [pick(dying, Object.keys(deaths) as (keyof typeof deaths)[]), pick(dying, agents)]
            await pause(below(dying, 1_500))
            say(`${part} of ${agent.host.name} dies`)
            await deaths[part](agent)
          }
          const { status, body } = await asked
          say(
            `${deed.name} ${deed.path} ${JSON.stringify(deed.body ?? {})}: ${status}${status < 300 ? '' : ` ${JSON.stringify(body)}`}`,
          )
          if (status < 300) granted++
          // A refusal says what it is.
          else expect(body).toMatchObject({ detail: expect.stringMatching(/\w/) })
          await pause(below(choosing, 1_200))
        }
        say('the storm is over')
        await calm()
        await clean()
        const { items } = OperationPage.parse(await get('/operations?limit=1000'))
        for (const { kind, subject, fault } of items.filter(({ state }) => state === 'failed'))
          expect(fault, `${kind} of ${subject}`).not.toBeNull()
        say('all goes')
        const { machines, snapshots } = await all()
        for (const { id } of machines.filter(there))
          await ask({ name: '', method: 'DELETE', path: `/machines/${id}` }, `end-${id}`)
        for (const { id } of snapshots.filter(there))
          await ask({ name: '', method: 'DELETE', path: `/snapshots/${id}` }, `end-${id}`)
        await calm()
        for (const { id } of (await all()).volumes.filter(there))
          await ask({ name: '', method: 'DELETE', path: `/volumes/${id}` }, `end-${id}`)
        await calm()
        await clean()
        expect(guests()).toEqual([])
      } catch (error) {
        throw new Error(
          `SIROCCO_STORM=${wanted} SIROCCO_STORM_SEED=${seed}: ${error instanceof Error ? error.message : error}\n${log.join('\n')}`,
        )
      }
    },
    120_000 + wanted * 6_000 + 3 * calmMs,
  )
})
