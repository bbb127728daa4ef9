import { randomUUID } from 'node:crypto'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Connection, openConnection } from '@sirocco/agent/drivers/libvirt/rpc/connection.ts'
import { type Domain, eventIds, type Procedure, procedures, writeDomain } from '@sirocco/agent/drivers/libvirt/rpc/procedures.ts'
import { z } from 'zod'
import type { Instance } from '../support/instance.ts'
import { all, type Ec2, until } from './ec2.ts'

const wall = {
  now: () => Date.now(),
  after(ms: number, run: () => void) {
    const timer = setTimeout(run, ms)
    return { cancel: () => clearTimeout(timer) }
  },
}
/** VIR_DOMAIN_EVENT_STARTED */
const startedEvent = 2
/** REMOTE_PROC_DOMAIN_GET_XML_DESC with VIR_DOMAIN_XML_SECURE | VIR_DOMAIN_XML_INACTIVE. */
const describeXml: Procedure<Domain, string> = {
  number: 14,
  write: (writer, domain) => writeDomain(writer, domain).uint(3),
  read: reader => reader.string(),
}

const AgentConfig = z.object({ tag: z.string(), socket: z.string().optional(), uri: z.string().optional() }).loose()

async function must<T>(answer: Promise<{ ok: true; value: T } | { ok: false; error: { message: string } }>): Promise<T> {
  const got = await answer
  if (!got.ok) throw new Error(got.error.message)
  return got.value
}

/** The same machine under another name, disk, address and log, so that both can be there. */
function twin(xml: string, disk: string): string {
  const mac = `52:54:00:${randomUUID()
    .slice(0, 6)
    .replace(/(..)(?=.)/g, '$1:')}`
  return xml
    .replace(/<name>[^<]*<\/name>/, `<name>sirocco-bench</name>`)
    .replace(/<uuid>[^<]*<\/uuid>/, `<uuid>${randomUUID()}</uuid>`)
    .replace(/<metadata>.*?<\/metadata>/s, '')
    .replace(/<source file='[^']*'(\/>|>)(?=\s*(<backingStore|<target dev='vda'))/, `<source file='${disk}'$1`)
    .replace(/<mac address='[^']*'\/>/, `<mac address='${mac}'/>`)
    .replace(/<target dev='st[^']*'\/>/, '')
    .replace(/<log file='[^']*'[^>]*\/>/g, '')
}

async function defineAndStart(connection: Connection, xml: string): Promise<number> {
  const begun = performance.now()
  const domain = await must(connection.call(procedures.define, xml))
  const running = await must(connection.call(procedures.start, domain))
  const took = performance.now() - begun
  await must(connection.call(procedures.destroy, { domain: running, flags: 0 }))
  await must(connection.call(procedures.undefine, { domain, flags: 0 }))
  return took
}

/** Makes the disk of the machine that libvirt alone starts, `to`, from that of ours. */
export type MakeDisk = (disk: string, to: string) => void

export interface BesideLibvirt {
  /** ms from RunInstances accepted to the domain running, and of libvirt's own define + start of the same XML, with what `timed` takes. */
  once(
    ec2: Ec2,
    image: string,
    make: { readonly untimed?: MakeDisk; readonly timed?: MakeDisk },
  ): Promise<{ took: number; baseline: number }>
  close(): void
}

/** Hears libvirt of an instance's host say when each domain has started. */
export async function besideLibvirt(instance: Instance): Promise<BesideLibvirt> {
  const started = new Map<string, number>()
  const config = AgentConfig.parse(JSON.parse(readFileSync(join(instance.data, 'agent', 'agent.json'), 'utf8')))
  const connection = await must(
    openConnection({
      socket: config.socket ?? '/run/libvirt/libvirt-sock',
      uri: config.uri ?? 'qemu:///system',
      timers: wall,
      lifecycle: ({ domain, event }) => {
        if (event === startedEvent) started.set(domain.name, performance.now())
      },
      rebooted: () => {},
      lost: () => {},
    }),
  )
  await must(connection.call(procedures.registerEvent, eventIds.lifecycle))
  return {
    once: (ec2, image, make) => once(ec2, image, make, { connection, started, tag: config.tag }),
    close: () => connection.close(),
  }
}

interface Heard {
  readonly connection: Connection
  readonly started: ReadonlyMap<string, number>
  readonly tag: string
}

async function once(
  ec2: Ec2,
  image: string,
  { untimed, timed }: { untimed?: MakeDisk; timed?: MakeDisk },
  { connection, started, tag }: Heard,
) {
  const ours = (name: string) => name.startsWith(`sirocco-${tag}-`)
  const before = new Set([...started.keys()])
  const answer = await ec2('RunInstances', { ImageId: image, InstanceType: 't3.pico', MinCount: '1', MaxCount: '1' })
  const accepted = performance.now()
  const [id] = all(answer, 'instanceId')
  if (!id) throw new Error('no instance was made')
  try {
    await until(ec2, id, 'running')
    const [name, at] = [...started].find(([n]) => ours(n) && !before.has(n)) ?? []
    if (name === undefined || at === undefined) throw new Error('the start was not heard')
    const domain = (await must(connection.call(procedures.domains, undefined))).find(d => d.name === name)
    if (!domain) throw new Error(`${name} is not there`)
    const xml = await must(connection.call(describeXml, domain))
    const disk = /<source file='([^']*)'/.exec(xml)?.[1] ?? ''
    const copy = `${disk}.bench`
    untimed?.(disk, copy)
    try {
      const begun = performance.now()
      timed?.(disk, copy)
      const made = performance.now() - begun
      return { took: Math.max(0, at - accepted), baseline: made + (await defineAndStart(connection, twin(xml, copy))) }
    } finally {
      rmSync(copy, { force: true })
    }
  } finally {
    await ec2('TerminateInstances', { 'InstanceId.1': id })
    await until(ec2, id, 'terminated')
  }
}
