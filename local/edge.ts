import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { createClient } from '@libsql/client/web'
import { aesGcm } from '@sirocco/control/adapters/secrets/aes-gcm.ts'
import { migrate } from '@sirocco/control/adapters/store/migrate.ts'
import { allowEnrolment, allowSignIn, type SetUpParts, setUp } from '@sirocco/control/adapters/store/set-up.ts'
import { enrolmentToken } from '@sirocco/control/services/hosts/enrol-token.ts'
import { hashPassword } from '@sirocco/control/services/sessions/password.ts'
import { sha256 } from '@sirocco/control/services/sha256.ts'
import { ids } from '@sirocco/shared/kit/id.ts'
import { Secret } from '@sirocco/shared/kit/secret.ts'
import { systemRandom } from './chance.ts'
import { secretsOf } from './instance/secrets.ts'
import { Stop } from './stop.ts'

const help = `usage: npm run edge -- --db-url URL --url URL [options]
  --db-url URL    the libSQL database, e.g. https://sirocco-example.turso.io; its token is read from DB_TOKEN
  --url URL       the portal's address, as PUBLIC_URL in wrangler.toml
  --region NAME   as REGION in wrangler.toml (edge-1); its zone is NAMEa
  --pool CIDR     the range that networks of projects are cut from (10.64.0.0/16)
  --data DIR      where the secrets are kept (./.sirocco-edge); keep a copy: without them the data is lost

Migrates the database and makes the first rows; run it before each deploy, it adds only what is missing. Prints the secrets to set,
a one-time sign-in link and a one-time token by which the first agent enrols.`

const clock = { now: () => Date.now() }

/** Prepares a remote database for the Worker that `wrangler deploy` puts at the edge; answers with the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      'db-url': { type: 'string' },
      url: { type: 'string' },
      region: { type: 'string', default: 'edge-1' },
      pool: { type: 'string', default: '10.64.0.0/16' },
      data: { type: 'string', default: './.sirocco-edge' },
      help: { type: 'boolean', default: false },
    },
  })
  const { 'db-url': databaseUrl, url, region, pool } = values
  if (values.help) {
    process.stdout.write(`${help}\n`)
    return 0
  }
  if (!databaseUrl || !url) throw new Stop('--db-url and --url are needed: see npm run edge -- --help.', 2)
  const authToken = process.env.DB_TOKEN
  if (!authToken) throw new Stop('DB_TOKEN is not set: give the token of the database in the environment.', 2)
  const file = join(resolve(values.data), 'secrets.json')
  const secrets = secretsOf(file, systemRandom)
  if (!secrets) throw new Stop(`${file} cannot be read: restore it from a copy, or name another --data for a new database.`)

  const client = createClient({ url: databaseUrl, authToken })
  const { from, to } = await migrate(client)
  const parts: SetUpParts = {
    client,
    secrets: aesGcm(new Secret(secrets.sealingKey), systemRandom),
    clock,
    random: systemRandom,
    ids: ids(clock, systemRandom),
  }
  const { project, user, zone } = await setUp(parts, {
    region,
    pool,
    project: 'default',
    admin: { email: secrets.admin.email, passwordHash: await hashPassword(new Secret(secrets.admin.password), systemRandom) },
    accessKey: { accessKeyId: secrets.accessKey.id, secret: new Secret(secrets.accessKey.secret) },
  })
  const [link, enrolment] = [token(), enrolmentToken(systemRandom).reveal()]
  await allowSignIn(parts, { user, project }, await sha256(link))
  await allowEnrolment(parts, zone, await sha256(enrolment), ['host', 'convert'])
  process.stdout.write(`The database is at version ${to}${from === to ? ' already' : ` (was ${from})`}.

Secrets for the Worker are in ${file}:
  npx wrangler secret put DB_TOKEN       the token of the database
  npx wrangler secret put SEALING_KEY    sealingKey

Then   npx wrangler deploy
Portal ${url}/sign-in#${link}   (once, within 15 minutes; later as ${secrets.admin.email} with admin.password)
Agent  sirocco-agent enrol --url ${url} --token ${enrolment} --data /var/lib/sirocco/agent && sirocco-agent install   (within an hour)
`)
  return 0
}

const token = () => Buffer.from(systemRandom.bytes(24)).toString('base64url')
