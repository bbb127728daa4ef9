import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { assert } from '@sirocco/shared/kit/assert.ts'
import { ObjectSet } from '@sirocco/shared/wire/delta.ts'
import { EnrolAnswer } from '@sirocco/shared/wire/enrol.ts'
import { type FromAgent, FromControl } from '@sirocco/shared/wire/frames.ts'
import type { Seen, Wanted } from '@sirocco/shared/wire/objects.ts'
import { signatureHeaders, signedText } from '@sirocco/shared/wire/signature.ts'
import { protocol } from '@sirocco/shared/wire/version.ts'
import { WebSocket } from 'ws'
import { shown } from '../../support/world.ts'

/** An agent of one host that does at once what is wanted, and says so: all that the control plane's end of a link needs. */
export class ScriptedAgent {
  readonly url: string
  readonly agent: string
  readonly host: string
  readonly #key: KeyObject
  #socket: WebSocket | null = null
  #wanted = new ObjectSet<Wanted>()
  readonly #seen = new ObjectSet<Seen>()
  #said: ObjectSet<Seen> | null = null
  #epoch = 0
  #seq = 0
  #results = 0
  /** The console sockets it was told to dial. */
  readonly consoles: WebSocket[] = []
  readonly heard: FromControl[] = []
  /** Why its last link ended. */
  ended: string | null = null

  private constructor(url: string, agent: string, host: string, key: KeyObject) {
    this.url = url
    this.agent = agent
    this.host = host
    this.#key = key
  }

  static async enrol(url: string, token: string): Promise<ScriptedAgent> {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519')
    const { x } = publicKey.export({ format: 'jwk' })
    assert(x, 'an Ed25519 key has x')
    const response = await fetch(`${url}/agent/enrol`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        token,
        publicKey: Buffer.from(x, 'base64url').toString('base64'),
        fingerprint: 'here',
        hosts: [{ name: 'h1' }],
        agentVersion: '0.1.0',
      }),
    })
    if (response.status !== 201) throw new Error(`enrolment: ${response.status} ${await response.text()}`)
    const { agent, hosts } = EnrolAnswer.parse(await response.json())
    const [host] = hosts
    assert(host, 'a host')
    return new ScriptedAgent(url, agent, host.id, privateKey)
  }

  headers(path: string, fingerprint = 'here'): Record<string, string> {
    const signed = {
      method: 'GET',
      path,
      agent: this.agent,
      time: String(Date.now()),
      nonce: randomBytes(16).toString('base64url'),
      fingerprint,
    }
    return {
      [signatureHeaders.agent]: signed.agent,
      [signatureHeaders.time]: signed.time,
      [signatureHeaders.nonce]: signed.nonce,
      [signatureHeaders.fingerprint]: fingerprint,
      [signatureHeaders.signature]: sign(null, Buffer.from(signedText(signed)), this.#key).toString('base64url'),
    }
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(this.url + path, { headers: { ...this.headers(path), ...headers } })
  }

  /** Dials until it is welcomed. */
  async link(): Promise<void> {
    this.#said = null
    const { socket, status } = await dial(this.url, '/agent/link', this.headers('/agent/link'))
    if (!socket) throw new Error(`the link was refused: ${status}`)
    this.#socket = socket
    this.ended = null
    socket.on('close', (_, reason) => {
      if (this.#socket === socket) this.ended = reason.toString()
    })
    const welcomed = new Promise<void>(resolve => {
      socket.on('message', data => {
        const frame = FromControl.parse(JSON.parse(data.toString()))
        this.heard.push(frame)
        this.#hear(frame)
        if (frame.type === 'welcome') resolve()
      })
    })
    const held = this.#wanted.digest
    this.#send({
      type: 'hello',
      protocol,
      agentVersion: '0.1.0',
      bootId: 'b',
      runId: 'r',
      hosts: [{ id: this.host, name: 'h1', desired: held }],
    })
    await welcomed
  }

  drop(): void {
    this.#socket?.terminate()
    this.#socket = null
  }

  #send(frame: FromAgent): void {
    this.#socket?.send(JSON.stringify(frame))
  }

  #hear(frame: FromControl): void {
    if (frame.type === 'welcome') {
      this.#epoch = frame.epoch
      this.#seq = 0
      this.#seen.put({ ...hostFacts, id: this.host, warnings: [] })
      this.#tell()
    } else if (frame.type === 'desired') {
      const next = this.#wanted.apply(frame)
      if (!next) {
        this.#send({ type: 'resync', host: this.host })
        return
      }
      this.#wanted = next
      for (const object of next.values())
        if (object.kind === 'machine')
          this.#seen.put({
            kind: 'machine',
            id: object.id,
            applied: object.generation,
            power: shown[object.power],
            ...(object.power === 'on' || object.power === 'paused' ? {} : { cause: 'asked' as const }),
            addresses: object.ports.map(port => port.address),
          })
      this.#tell()
    } else if (frame.type === 'ask') {
      this.#send({ type: 'answer', id: frame.id, outcome: { ok: true, value: '[]' } })
    } else if (frame.type === 'command') {
      const { command } = frame
      if (command.do === 'console') void this.#join(command.path)
      if (command.do === 'screen') void this.#join(command.path)
      const value = answers[command.do] ?? ''
      this.#send({ type: 'result', n: ++this.#results, command: frame.id, host: frame.host, outcome: { ok: true, value } })
    }
  }

  #tell(): void {
    const delta = this.#seen.since(this.#said)
    if (!delta) return
    this.#send({
      type: 'observed',
      host: this.host,
      epoch: this.#epoch,
      seq: ++this.#seq,
      ...delta,
      changed: [...delta.changed],
      gone: [...delta.gone],
    })
    this.#said = ObjectSet.of(this.#seen.values())
  }

  async #join(path: string): Promise<void> {
    const { socket } = await dial(this.url, path, this.headers(path))
    if (!socket) return
    this.consoles.push(socket)
    socket.send(Buffer.from('login: '))
    socket.on('message', (data: Buffer, binary) => {
      if (!binary) return
      socket.send(JSON.stringify({ ack: data.byteLength }))
      socket.send(Buffer.concat([Buffer.from('echo '), data]))
    })
  }
}

const base64 = (text: string) => Buffer.from(text).toString('base64')
/** What it answers to questions. */
const answers: Readonly<Record<string, string>> = {
  'console-log': base64('login:'),
  screenshot: base64('png'),
  'guest-facts': JSON.stringify({ hostname: 'web', interfaces: [{ name: 'eth0', mac: '', addresses: ['fe80::1/64'] }] }),
}

const hostFacts = {
  kind: 'host',
  name: 'h1',
  hypervisor: 'scripted',
  hypervisorVersion: '1',
  acceleration: 'simulated',
  architecture: 'x86_64',
  bootId: 'b',
  cpus: 16,
  memoryMiB: 65_536,
  diskMiB: 1_048_576,
} as const

/** A WebSocket once it is open, or the status that refused it. */
export function dial(
  url: string,
  path: string,
  headers: Record<string, string>,
): Promise<{ socket: WebSocket | null; status: number }> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url.replace('http', 'ws') + path, { headers })
    socket.once('open', () => resolve({ socket, status: 101 }))
    socket.once('unexpected-response', (_, response) => {
      resolve({ socket: null, status: response.statusCode ?? 0 })
      socket.terminate()
    })
    // After a refusal its own termination is told as an error, too.
    socket.on('error', reject)
  })
}
