import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { createClient } from '@libsql/client/web'
import { migrate, schemaVersion } from '@sirocco/control/adapters/store/migrate.ts'
import { renew } from '@sirocco/control/adapters/store/restored.ts'
import { systemRandom } from '../chance.ts'
import { fetchOf, hranaUrl } from '../hrana/fetch.ts'
import { createHrana } from '../hrana/hrana.ts'
import { belongings } from '../instance/belongings.ts'
import { takeLock } from '../instance/lock.ts'
import { progress } from '../progress.mjs'
import { Stop } from '../stop.ts'
import { type Manifest, unpack } from './archive.ts'
import { secretHelp, secretOf } from './secret.ts'

const help = `usage: npm run sirocco -- restore --from FILE [options]
  --from FILE      what \`backup\` made
  --data DIR       where the instance is to live: an empty directory, or one in which only its host's part is left (agent, disks) (./.sirocco)
${secretHelp}`

/** Of the host, which lived on: newer than any backup. */
const ofHost = /^(agent|disks|run|agent\.log(\.1)?)$/

export interface RestoreOptions {
  readonly data: string
  readonly from: string
  readonly secret: string
  readonly now: number
}

/** Makes an instance of a backup; answers with the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const { values } = readArguments(args)
  if (values.help) {
    process.stdout.write(`${help}\n`)
    return 0
  }
  if (values.from === undefined) throw new Stop(`--from FILE is needed.\n${help}`, 2)
  const secret = secretOf(values['key-file'])
  const [data, from] = [resolve(values.data), resolve(values.from)]
  const { madeAt, blobs } = await progress.step('restoring', () => restore({ data, from, secret, now: Date.now() }))
  progress.say(`${data} is as it was at ${new Date(madeAt).toISOString()}: start it with the arguments that it had.
What was made since is still on its hosts, as orphans; what was deleted since shows as failed; access keys and people that were removed
since are back: look through them.${blobs ? '' : '\nBytes of images were not in the backup: images that were imported have to be imported again.'}`)
  return 0
}

function readArguments(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        data: { type: 'string', default: '.sirocco' },
        from: { type: 'string' },
        'key-file': { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
  } catch (reason) {
    throw new Stop(`${reason instanceof Error ? reason.message.replace(/\.$/, '') : String(reason)}.\n${help}`, 2)
  }
}

/** Lays a backup out, whole or not at all: it counts from the moment at which its secrets are there, and they come last. */
export async function restore({ data, from, secret, now }: RestoreOptions): Promise<Manifest> {
  if (!existsSync(from)) throw new Stop(`${from} is not there: name the archive by --from FILE.`)
  mkdirSync(data, { recursive: true, mode: 0o700 })
  const lock = takeLock(join(data, 'lock'))
  if (!lock.taken) throw new Stop(`${data} is in use by process ${lock.by}: restore to an empty directory.`)
  try {
    const there = belongings(data).filter(name => !ofHost.test(name))
    if (there.length > 0) throw new Stop(`${data} holds ${there.slice(0, 3).join(', ')}: restore to an empty directory.`)
    const staged = join(data, 'run', 'restoring')
    rmSync(staged, { recursive: true, force: true })
    mkdirSync(staged, { recursive: true, mode: 0o700 })
    try {
      const manifest = await unpack(from, secret, staged, refuseNewer)
      await renewed(join(staged, 'control.db'), now)
      settle(staged, data)
      return manifest
    } finally {
      rmSync(staged, { recursive: true, force: true })
    }
  } finally {
    lock.release()
  }
}

function refuseNewer({ version }: Manifest): void {
  if (version > schemaVersion)
    throw new Stop(`The backup is of data of version ${version}, this Sirocco knows up to ${schemaVersion}: take the newer one.`)
}

async function renewed(file: string, now: number): Promise<void> {
  const hrana = createHrana(file)
  const client = createClient({ url: hranaUrl, fetch: fetchOf(hrana) })
  try {
    await migrate(client)
    await renew(client, { random: systemRandom, now })
  } finally {
    client.close()
    await hrana.close()
  }
}

function settle(staged: string, data: string): void {
  const last = 'secrets.json'
  const files = readdirSync(staged, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => relative(staged, join(entry.parentPath, entry.name)))
  const agentLives = existsSync(join(data, 'agent', 'agent.json'))
  for (const name of [...files.filter(each => each !== last), last]) {
    if (agentLives && name.startsWith('agent/')) continue
    mkdirSync(dirname(join(data, name)), { recursive: true, mode: 0o700 })
    renameSync(join(staged, name), join(data, name))
  }
}
