import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { createClient } from '@libsql/client/web'
import { keyFile } from '@sirocco/agent/enrol.ts'
import { dataVersion } from '@sirocco/control/adapters/store/migrate.ts'
import { MiB } from '../../shared/kit/units.ts'
import { systemRandom } from '../chance.ts'
import { fetchOf, hranaUrl } from '../hrana/fetch.ts'
import { createHrana } from '../hrana/hrana.ts'
import { secretsOf } from '../instance/secrets.ts'
import { progress } from '../progress.mjs'
import { Stop } from '../stop.ts'
import { type Packed, pack } from './archive.ts'
import { copyDatabase } from './copy.ts'
import { secretHelp, secretOf } from './secret.ts'

const help = `usage: npm run sirocco -- backup --to FILE [options]
  --data DIR       the instance, which may be running (./.sirocco)
  --to FILE        the archive to make: the control plane's data and keys, and who this machine's agent is; disks of machines are not in it
${secretHelp}
  --blobs          with the bytes of images, too`

/** Small files of the instance, where they are there. The agent's are who it is; what it knows of its host stays with the host. */
const small = ['secrets.json', 'instance.json', 'tls.crt', 'tls.key', 'agent/agent.json', `agent/${keyFile}`]

export interface BackupOptions {
  readonly data: string
  readonly to: string
  readonly secret: string
  readonly blobs: boolean
  readonly now: number
}

/** Backs an instance up, whether or not it runs; answers with the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const { values } = readArguments(args)
  if (values.help) {
    process.stdout.write(`${help}\n`)
    return 0
  }
  if (values.to === undefined) throw new Stop(`--to FILE is needed.\n${help}`, 2)
  const secret = secretOf(values['key-file'])
  const to = resolve(values.to)
  await progress.step('backing up', () =>
    backup({ data: resolve(values.data), to, secret, blobs: values.blobs, now: Date.now() }),
  )
  progress.say(`${to}: ${(statSync(to).size / MiB).toFixed(1)} MiB, sealed; nothing opens it without its key`)
  return 0
}

function readArguments(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        data: { type: 'string', default: '.sirocco' },
        to: { type: 'string' },
        'key-file': { type: 'string' },
        blobs: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
  } catch (reason) {
    throw new Stop(`${reason instanceof Error ? reason.message.replace(/\.$/, '') : String(reason)}.\n${help}`, 2)
  }
}

/** Makes the archive, whole when it is there under its name. */
export async function backup({ data, to, secret, blobs, now }: BackupOptions): Promise<void> {
  if (existsSync(to)) throw new Stop(`${to} is there already: name a new file.`)
  const database = join(data, 'control.db')
  const secrets = existsSync(database) ? secretsOf(join(data, 'secrets.json'), systemRandom) : undefined
  if (!secrets) throw new Stop(`There is no instance in ${data}: name one by --data DIR.`)
  mkdirSync(join(data, 'run'), { recursive: true, mode: 0o700 })
  const copies = mkdtempSync(join(data, 'run', 'backup-'))
  const making = `${to}.new`
  try {
    copyDatabase(database, join(copies, 'control.db'))
    const files: Packed[] = [
      { name: 'control.db', path: join(copies, 'control.db') },
      ...small.map(name => ({ name, path: join(data, name) })),
      ...(blobs ? blobFiles(data, copies) : []),
    ]
    const version = await versionOf(join(copies, 'control.db'))
    rmSync(making, { force: true })
    await pack(making, secret, { format: 1, version, madeAt: now, instance: secrets.instance, blobs }, files)
    renameSync(making, to)
  } finally {
    rmSync(copies, { recursive: true, force: true })
    rmSync(making, { force: true })
  }
}

async function versionOf(file: string): Promise<number> {
  const hrana = createHrana(file)
  const client = createClient({ url: hranaUrl, fetch: fetchOf(hrana) })
  try {
    return await dataVersion(client)
  } finally {
    client.close()
    await hrana.close()
  }
}

/** The store's own tables first: what they name is then a file that is whole, and never changes. */
function blobFiles(data: string, copies: string): Packed[] {
  const root = join(data, 'blobs')
  const names = existsSync(root) ? readdirSync(root, { recursive: true, withFileTypes: true }) : []
  const files = names.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name))
  const tables = files.filter(path => path.endsWith('.sqlite'))
  const copied = tables.map((path, i): Packed => {
    const copy = join(copies, `blobs-${i}.sqlite`)
    copyDatabase(path, copy)
    return { name: path.slice(data.length + 1), path: copy }
  })
  const rest = files.filter(path => !/\.sqlite(-wal|-shm)?$/.test(path))
  return [...copied, ...rest.map(path => ({ name: path.slice(data.length + 1), path }))]
}
