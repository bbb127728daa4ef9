import { randomUUID } from 'node:crypto'
import { copyFileSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Connection, openConnection } from '@sirocco/agent/drivers/libvirt/rpc/connection.ts'
import { type Domain, eventIds, type Procedure, procedures, writeDomain } from '@sirocco/agent/drivers/libvirt/rpc/procedures.ts'
import { z } from 'zod'
import { Instance } from '../support/instance.ts'
import { all, anyImage, type Ec2, ec2Client, until } from './ec2.ts'
import { type Figure, figure } from './figure.ts'

const runs = 10
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

/** RunInstances accepted → domain running, beside libvirt's own define + start of the same XML. Aim: ≤ 1.15 × + 60 ms. */
export async function launch(): Promise<Figure[]> {
  const instance = await Instance.start()
  const started = new Map<string, number>()
  let connection: Connection | null = null
  try {
    const ec2 = ec2Client(instance.ready.ec2)
    const config = AgentConfig.parse(JSON.parse(readFileSync(join(instance.data, 'agent', 'agent.json'), 'utf8')))
    connection = await must(
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
    const image = await anyImage(ec2)
    const values: number[] = []
    const baselines: number[] = []
    // The first fetches the image, and is not counted.
    for (let i = 0; i <= runs; i++) {
      const { took, baseline } = await once(ec2, image, connection, started, config.tag)
      if (i === 0) continue
      values.push(took)
      baselines.push(baseline)
    }
    return [figure('launch', 'ms', values, baselines)]
  } finally {
    connection?.close()
    await instance.dispose()
  }
}

async function once(ec2: Ec2, image: string, connection: Connection, started: Map<string, number>, tag: string) {
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
    copyFileSync(disk, copy)
    try {
      return { took: Math.max(0, at - accepted), baseline: await defineAndStart(connection, twin(xml, copy)) }
    } finally {
      rmSync(copy, { force: true })
    }
  } finally {
    await ec2('TerminateInstances', { 'InstanceId.1': id })
    await until(ec2, id, 'terminated')
  }
}
