import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { z } from 'zod'
import type { Disk } from './ports/disk.ts'

const file = 'agent.json'

/** What enrolment leaves for every later start; no secret but the key's, which lies beside it. */
export const AgentConfig = z.strictObject({
  version: z.literal(1),
  agent: z.string(),
  control: z.strictObject({ url: z.url(), pin: z.string().nullable() }),
  /** Of the installation, on everything it makes on a host; the tag is its short form in names. */
  instance: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/),
  tag: z.string().regex(/^[a-z0-9]{3}$/),
  hosts: z.array(z.strictObject({ id: z.string(), name: z.string() })).min(1),
  driver: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('simulated') }),
    z.strictObject({ kind: z.literal('libvirt'), socket: z.string(), uri: z.string() }),
  ]),
  /** Disks and images of machines. */
  storage: z.string(),
  /** The host's address on the network that joins its site's hosts, and the port there (0: any); without it no machine moves. */
  underlay: z.strictObject({ address: z.union([z.ipv4(), z.ipv6()]), port: z.int().min(0).max(65_535) }).optional(),
  /** What lives as long as the host's networks do. */
  runtime: z.string(),
})
export type AgentConfig = z.output<typeof AgentConfig>

/** The configuration; `not_found` where this agent was never enrolled. */
export async function readConfig(disk: Disk): Promise<Result<AgentConfig>> {
  const content = await disk.read(file)
  if (content === null) return refuse('not_found', 'this agent is not enrolled yet: run `sirocco-agent enrol` first')
  try {
    const parsed = AgentConfig.safeParse(JSON.parse(content))
    return parsed.success
      ? ok(parsed.data)
      : refuse('invalid', `${file} is not what enrolment wrote: ${z.prettifyError(parsed.error)}`)
  } catch {
    return refuse('invalid', `${file} is no JSON`)
  }
}

export const writeConfig = (disk: Disk, config: AgentConfig): Promise<void> =>
  disk.replace(file, `${JSON.stringify(AgentConfig.parse(config), null, 2)}\n`)
