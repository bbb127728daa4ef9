import { mkdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Log, LogLevel, Miniflare, type Request, Response } from 'miniflare'
import type { Secret } from '../shared/kit/secret.ts'
import type { Asset } from './assets.ts'

/** Of the runtime's behaviour; the same as in the deployed Worker's configuration. */
export const compatibility = { date: '2026-07-01', flags: ['nodejs_compat'] } as const

const name = 'sirocco'
const signals = ['SIGINT', 'SIGTERM'] as const

export interface WorkerdOptions {
  /** The Worker's bundle. */
  readonly script: string
  /** Keeps blobs and the objects' storage. */
  readonly data: string
  /** Of the portal and API; the EC2 endpoint listens on the next. */
  readonly port: number
  readonly database: { readonly port: number; readonly token: Secret }
  readonly sealingKey: Secret
  readonly publicUrl: string
  readonly ec2Url: string
  readonly region: string
  /** What new hosts are told: the SHA-256 of the agent's bundle, and of a certificate that nobody but us vouches for. */
  readonly agents: { readonly bundle: string; readonly instance: string; readonly pin?: string }
  /** Answers what the Worker asks of the Internet. */
  readonly outward: (request: Request) => Promise<Response>
  readonly assets: (request: { method: string; pathname: string; etag: string | null }) => Asset
  /** What the Worker prints. */
  readonly log: (text: Uint8Array | string) => void
}

export interface Workerd {
  /** Runs the Worker's cron handler once. */
  scheduled(): Promise<void>
  hasBlob(key: string): Promise<boolean>
  putBlob(key: string, path: string): Promise<void>
  stop(): Promise<void>
}

/**
 * The Worker in workerd, on two ports of loopback. Miniflare starts a workerd that was killed again, on the same ports; the sockets are
 * direct ones, past its own router in front of the Worker, which would cost half a millisecond a request.
 */
export async function startWorkerd(options: WorkerdOptions): Promise<Workerd> {
  const { port, data, database } = options
  for (const folder of ['blobs', 'objects']) mkdirSync(join(data, folder), { recursive: true, mode: 0o700 })
  const object = (className: string) => ({ className, useSQLite: true })
  const listening = signals.map(signal => [signal, process.listeners(signal)] as const)
  const miniflare = new Miniflare({
    host: '127.0.0.1',
    port: 0,
    // Else it asks the Internet about this machine at every start.
    cf: false,
    log: new Log(LogLevel.NONE),
    handleRuntimeStdio(stdout: NodeJS.ReadableStream, stderr: NodeJS.ReadableStream) {
      stdout.on('data', options.log)
      stderr.on('data', options.log)
    },
    r2Persist: join(data, 'blobs'),
    durableObjectsPersist: join(data, 'objects'),
    workers: [
      {
        name,
        rootPath: dirname(options.script),
        modulesRoot: dirname(options.script),
        modules: [{ type: 'ESModule', path: options.script }],
        compatibilityDate: compatibility.date,
        compatibilityFlags: [...compatibility.flags],
        bindings: {
          DB_URL: 'http://database.internal',
          DB_TOKEN: database.token.reveal(),
          SEALING_KEY: options.sealingKey.reveal(),
          PUBLIC_URL: options.publicUrl,
          EC2_URL: options.ec2Url,
          REGION: options.region,
          AGENT_BUNDLE: options.agents.bundle,
          AGENT_INSTANCE: options.agents.instance,
          ...(options.agents.pin === undefined ? {} : { AGENT_PIN: options.agents.pin }),
        },
        serviceBindings: {
          DB: { external: { address: `127.0.0.1:${database.port}`, http: {} } },
          ASSETS: (request: Request) => {
            const { pathname } = new URL(request.url)
            const asset = options.assets({ method: request.method, pathname, etag: request.headers.get('if-none-match') })
            return new Response(asset.body, { status: asset.status, headers: asset.headers })
          },
        },
        durableObjects: {
          AGENT_LINK: object('AgentLink'),
          OPERATIONS: object('Operations'),
          FEED: object('Feed'),
          STREAM: object('Stream'),
        },
        r2Buckets: ['BLOBS'],
        outboundService: options.outward,
        unsafeDirectSockets: [
          { host: '127.0.0.1', port, entrypoint: 'default' },
          { host: '127.0.0.1', port: port + 1, entrypoint: 'Ec2' },
        ],
      },
    ],
  })
  // It would end this process at once at a signal, before anything is stopped in order.
  for (const [signal, ours] of listening) {
    for (const theirs of process.listeners(signal).filter(each => !ours.includes(each))) process.off(signal, theirs)
  }
  await miniflare.ready

  return {
    async scheduled() {
      const worker = await miniflare.getWorker(name)
      await worker.scheduled({ cron: 'local' })
    },
    async hasBlob(key) {
      const bucket = await miniflare.getR2Bucket('BLOBS', name)
      return (await bucket.head(key)) !== null
    },
    async putBlob(key, path) {
      const bucket = await miniflare.getR2Bucket('BLOBS', name)
      await bucket.put(key, new Uint8Array(await readFile(path)))
    },
    async stop() {
      await miniflare.dispose()
    },
  }
}
