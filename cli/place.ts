import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { Secret } from '@sirocco/shared/kit/secret.ts'
import { z } from 'zod'

/** Of `ready.json`, what a client needs. */
const Ready = z.object({ url: z.url(), api: z.object({ url: z.url(), token: z.string() }), pid: z.int().positive() })

/** Of `agent.json`, what says where on this machine things are. */
const Agent = z.object({
  instance: z.string(),
  tag: z.string().regex(/^[a-z0-9]{3}$/),
  hosts: z.array(z.object({ id: z.string(), name: z.string() })),
  driver: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('simulated') }),
    z.object({ kind: z.literal('libvirt'), socket: z.string(), uri: z.string() }),
  ]),
  storage: z.string(),
  runtime: z.string(),
})

/** An agent of this machine, and where it keeps what. */
export type Place = z.output<typeof Agent> & { readonly folder: string }

/** A control plane and how to ask it. */
export interface Endpoint {
  /** With `/api/v1`. */
  readonly url: string
  readonly token: Secret
}

async function json(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'))
  } catch {
    return null
  }
}

/** The instance that runs in a data directory. */
export async function endpointIn(data: string): Promise<Result<Endpoint>> {
  const file = join(data, 'ready.json')
  const ready = Ready.safeParse(await json(file))
  if (!ready.success || !isAlive(ready.data.pid))
    return refuse('unavailable', `no instance runs in ${data}: start it, or give --data, or --url and --token`)
  const { url, api } = ready.data
  // On its own machine an instance is always reached by plain loopback, also where it listens with a certificate of its own.
  const own = new URL(url).protocol === 'https:' ? `http://127.0.0.1:${new URL(url).port}/api/v1` : api.url
  return ok({ url: own, token: new Secret(api.token) })
}

/** An instance by its address, with or without `/api/v1`. */
export function endpointAt(url: string, token: string): Result<Endpoint> {
  const parsed = URL.parse(url)
  if (!parsed || !/^https?:$/.test(parsed.protocol)) return refuse('invalid', `${url} is no http or https address`)
  const base = parsed.href.replace(/\/+$/, '')
  return ok({ url: base.endsWith('/api/v1') ? base : `${base}/api/v1`, token: new Secret(token) })
}

/** The agent that was enrolled in a folder. */
export async function placeIn(folder: string): Promise<Result<Place>> {
  const agent = Agent.safeParse(await json(join(folder, 'agent.json')))
  return agent.success
    ? ok({ ...agent.data, folder })
    : refuse('not_found', `no agent is enrolled in ${folder}: run this on a host, as the user who runs its agent`)
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
