import { createClient } from '@libsql/client/web'
import type { Clock } from '@sirocco/shared/kit/clock.ts'
import { ok, type Result } from '@sirocco/shared/kit/fault.ts'
import { type Id, ids } from '@sirocco/shared/kit/id.ts'
import type { Random } from '@sirocco/shared/kit/random.ts'
import { Secret } from '@sirocco/shared/kit/secret.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { r2Blobs } from './adapters/blobs/r2.ts'
import { privateCloud } from './adapters/clouds/private/connector.ts'
import { isolateMeters } from './adapters/meters/isolate.ts'
import { outwardFetch } from './adapters/outward/fetch.ts'
import { aesGcm } from './adapters/secrets/aes-gcm.ts'
import { libsqlStore } from './adapters/store/store.ts'
import type { Env } from './env.ts'
import { adminsFeedOf, feedOf, linkOf, operationsOf, streamOf } from './objects/addresses.ts'
import type { World } from './operations/engine.ts'
import type { AgentLinks } from './ports/agent-link.ts'
import type { Blobs } from './ports/blobs.ts'
import type { Pokes } from './ports/pokes.ts'
import type { Secrets } from './ports/secrets.ts'
import type { Store } from './ports/store.ts'
import type { Ports } from './services/context.ts'
import { sha256 } from './services/sha256.ts'

/** What runs on after the answer: a request's context, or an object's. */
interface Lasting {
  waitUntil(work: Promise<unknown>): void
}

const clock: Clock = { now: () => Date.now() }

const random: Random = {
  next: () => (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) / 2 ** 32,
  bytes: length => crypto.getRandomValues(new Uint8Array(length)),
}

/** Of the isolate: every request and object of it counts in the same. */
const meters = isolateMeters()

/** The composition root: the environment as ports. Made anew for each request or wake of an object; what lasts is in the database. */
export function compose(env: Env, lasting: Lasting): Ports {
  const secrets = secretsOf(env.SEALING_KEY)
  const { DB } = env
  const client = createClient({
    url: env.DB_URL,
    authToken: env.DB_TOKEN,
    ...(DB ? { fetch: (request: Request) => DB.fetch(request) } : {}),
  })
  const makeIds = ids(clock, random)
  const store = libsqlStore({
    client,
    clock,
    ids: makeIds,
    secrets,
    pause: ms => new Promise(resolve => setTimeout(resolve, ms)),
    written: outcome => meters.count('sirocco_batches_total', { outcome }),
  })
  return {
    store,
    secrets,
    clock,
    random,
    ids: makeIds,
    pokes: pokesOver(env, lasting, store),
    links: linksOver(env, store),
    blobs: blobsOf(env),
    meters,
    outward: outwardFetch,
    ...(env.AGENT_BUNDLE === undefined ? {} : { agentBundle: env.AGENT_BUNDLE }),
    streams: {
      async open(ticket, { agent }) {
        await streamOf(env, await sha256(ticket)).open(agent)
        return ok(undefined)
      },
    },
  }
}

/** The same with the clouds behind regions: what operations act on. */
export function composeWorld(env: Env, lasting: Lasting): World {
  const ports = compose(env, lasting)
  const ours = privateCloud(ports)
  return { ...ports, clouds: { of: () => ours } }
}

/** Image bytes, for whoever streams them. */
export const blobsOf = (env: Env): Blobs => r2Blobs(env.BLOBS)

/** Imported once for an isolate: deriving the key's id costs more than sealing. */
let sealing: { readonly key: string; readonly secrets: Secrets } | null = null
function secretsOf(key: string): Secrets {
  if (sealing?.key !== key) sealing = { key, secrets: aesGcm(new Secret(key), random) }
  return sealing.secrets
}

/** Pokes as calls of objects: one call an object, however many subjects. */
function pokesOver(env: Env, lasting: Lasting, store: Store): Pokes {
  /** A poke is only a hint: one that does not arrive is made good by a sweep. */
  const hint = (call: Promise<unknown>) => lasting.waitUntil(call.catch(() => undefined))
  return {
    operations(shards) {
      for (const shard of new Set(shards)) hint(operationsOf(env, shard).poke(shard))
    },
    hosts(hosts) {
      hint(pokeHosts(env, store, hosts))
    },
    events(project) {
      hint(project === null ? adminsFeedOf(env).pokeAll() : feedOf(env, project).poke(project))
    },
  }
}

async function pokeHosts(env: Env, store: Store, hosts: readonly Id<'host'>[]): Promise<void> {
  const agents = new Map<number, Set<Id<'agent'>>>()
  for (const where of await Promise.all(hosts.map(host => whereabouts(store, host)))) {
    if (!where.ok) continue
    const { linkObject, agent } = where.value
    agents.set(linkObject, (agents.get(linkObject) ?? new Set()).add(agent))
  }
  await Promise.all([...agents].map(([linkObject, of]) => linkOf(env, linkObject).poke([...of])))
}

function linksOver(env: Env, store: Store): AgentLinks {
  return {
    async send(command) {
      const where = await whereabouts(store, command.host)
      return where.ok ? linkOf(env, where.value.linkObject).send(where.value.agent, command) : where
    },
    async ask(command) {
      const where = await whereabouts(store, command.host)
      return where.ok ? linkOf(env, where.value.linkObject).ask(where.value.agent, command) : where
    },
  }
}

interface Whereabouts {
  readonly agent: Id<'agent'>
  readonly linkObject: number
}
/** Which agent speaks for a host, and where its link is: given at enrolment, so remembered by the isolate. */
const remembered = new Map<Id<'host'>, Whereabouts>()
async function whereabouts(store: Store, host: Id<'host'>): Promise<Result<Whereabouts>> {
  const known = remembered.get(host)
  if (known) return ok(known)
  const found = await store.agents.ofHost(host)
  if (!found.ok) return found
  const where = { agent: found.value.id, linkObject: found.value.linkObject }
  if (remembered.size >= limits.bulk) remembered.clear()
  remembered.set(host, where)
  return ok(where)
}
