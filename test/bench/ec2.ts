import { Agent, request } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { signed } from '@sirocco/control/dialects/ec2/testing/sign.ts'
import type { Ready } from '@sirocco/local/instance/ready.ts'

/** A request that is ready to go: made before the clock runs. */
interface Prepared {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** How long machines may take to come to a state that is waited for. */
const waitMs = 300_000

/** A client of an instance's EC2 endpoint, over connections that stay open. */
export class Ec2 {
  readonly #ec2: Ready['ec2']
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 16 })

  constructor(ready: Ready) {
    this.#ec2 = ready.ec2
  }

  prepare(action: string, parameters: Readonly<Record<string, string>> = {}): Prepared {
    const { endpoint, region, accessKeyId, secretAccessKey } = this.#ec2
    const body = new URLSearchParams({ Action: action, Version: '2016-11-15', ...parameters }).toString()
    const signer = { accessKeyId, secret: secretAccessKey, region, now: Date.now() }
    return { headers: Object.fromEntries(signed(endpoint, body, signer).headers), body }
  }

  send({ headers, body }: Prepared): Promise<string> {
    return new Promise((resolve, reject) => {
      const length = Buffer.byteLength(body)
      const options = { method: 'POST', agent: this.#agent, headers: { ...headers, 'content-length': length } }
      const sending = request(this.#ec2.endpoint, options, answer => {
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => chunks.push(chunk))
        answer.on('error', reject)
        answer.on('end', () => {
          const text = Buffer.concat(chunks).toString()
          if (answer.statusCode === 200) resolve(text)
          else reject(new Error(`the EC2 endpoint answers ${answer.statusCode}: ${text.slice(0, 500)}`))
        })
      })
      sending.on('error', reject)
      sending.end(body)
    })
  }

  call(action: string, parameters?: Readonly<Record<string, string>>): Promise<string> {
    return this.send(this.prepare(action, parameters))
  }

  /** What `launch` sends: the smallest machines, from the boot image. */
  async launching(count: number): Promise<() => Prepared> {
    const [image = ''] = idsIn(await this.call('DescribeImages'), 'imageId')
    const [MinCount, MaxCount] = [String(count), String(count)]
    return () => this.prepare('RunInstances', { ImageId: image, InstanceType: 't3.pico', MinCount, MaxCount })
  }

  /** Accepted, and running. */
  async launch(count: number): Promise<string[]> {
    const ids = instancesIn(await this.send((await this.launching(count))()))
    await this.become('running', ids)
    return ids
  }

  /** All of them, at once; resolves when nothing of them is left. */
  async terminate(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return
    await this.call('TerminateInstances', numbered('InstanceId', ids))
    await this.become('terminated', ids)
  }

  async become(state: string, ids: readonly string[]): Promise<void> {
    let not = ''
    for (const end = performance.now() + waitMs; performance.now() < end; await pause(100)) {
      const answer = await this.call('DescribeInstances', numbered('InstanceId', ids))
      const states = [...answer.matchAll(/<instanceState>.*?<name>([a-z-]+)<\/name>/gs)].map(([, name = '']) => name)
      if (states.length === ids.length && states.every(name => name === state)) return
      if (state === 'running' && states.includes('terminated')) throw new Error(`a machine has failed: ${answer.slice(0, 2_000)}`)
      not = [...new Set(states)].join(', ')
    }
    throw new Error(`waited in vain for ${ids.length} machines to be ${state}; they are ${not}`)
  }

  close(): void {
    this.#agent.destroy()
  }
}

const idsIn = (answer: string, element: string): string[] =>
  [...answer.matchAll(new RegExp(`<${element}>([^<]+)</${element}>`, 'g'))].map(([, id = '']) => id)

export const instancesIn = (answer: string): string[] => idsIn(answer, 'instanceId')

const numbered = (name: string, values: readonly string[]): Record<string, string> =>
  Object.fromEntries(values.map((value, at) => [`${name}.${at + 1}`, value]))
