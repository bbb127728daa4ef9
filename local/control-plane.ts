import { randomBytes } from 'node:crypto'
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Client, createClient } from '@libsql/client/web'
import { aesGcm } from '@sirocco/control/adapters/secrets/aes-gcm.ts'
import { dataVersion, migrate, schemaVersion } from '@sirocco/control/adapters/store/migrate.ts'
import { allowEnrolment, allowSignIn, registerImage, type SetUpParts, setUp } from '@sirocco/control/adapters/store/set-up.ts'
import { hashPassword } from '@sirocco/control/services/sessions/password.ts'
import { sha256 } from '@sirocco/control/services/sha256.ts'
import type { Clock } from '@sirocco/shared/kit/clock.ts'
import { ids } from '@sirocco/shared/kit/id.ts'
import type { Random } from '@sirocco/shared/kit/random.ts'
import { Secret } from '@sirocco/shared/kit/secret.ts'
import type { ImageFile } from '@sirocco/shared/wire/objects.ts'
import { z } from 'zod'
import { fetchOf, hranaUrl } from './hrana/fetch.ts'
import type { Hrana } from './hrana/hrana.ts'
import type { Secrets } from './instance/secrets.ts'
import { Stop } from './stop.ts'

/** What the start command does to the control plane's database itself, before and beside the Worker. */
export interface ControlPlane {
  /** A one-time token by which this machine's agent enrols. */
  enrolmentToken(): Promise<Secret>
  /** What follows `#` in a link by which one person signs in once. */
  signInToken(): Promise<Secret>
  registerImage(image: { name: string; description: string; files: readonly ImageFile[]; cmdline: string | null }): Promise<void>
  /** Whether so many hosts have been heard from since this was opened. */
  hostsUp(count: number): Promise<boolean>
}

/** 24 bytes of the system's chance: cannot be guessed. */
const token = () => new Secret(randomBytes(24).toString('base64url'))

/** Migrates the data, after a copy where it is older, and adds what must always be there. */
export async function openControlPlane(
  hrana: Hrana,
  {
    data,
    region,
    pool,
    secrets,
    clock,
    random,
  }: { data: string; region: string; pool: string; secrets: Secrets; clock: Clock; random: Random },
): Promise<ControlPlane> {
  const client = createClient({ url: hranaUrl, fetch: fetchOf(hrana) })
  await upToDate(client, data)
  const sealed = aesGcm(new Secret(secrets.sealingKey), random)
  const parts: SetUpParts = { client, secrets: sealed, clock, random, ids: ids(clock, random) }
  const { project, user, zone } = await setUp(parts, {
    region,
    pool,
    project: 'default',
    admin: { email: secrets.admin.email, passwordHash: await hashPassword(new Secret(secrets.admin.password), random) },
    accessKey: { accessKeyId: secrets.accessKey.id, secret: new Secret(secrets.accessKey.secret) },
  })
  const before = new Map((await hosts(client)).map(({ agent, epoch }) => [agent, epoch]))
  return {
    async enrolmentToken() {
      const made = token()
      await allowEnrolment(parts, zone, await sha256(made.reveal()))
      return made
    },
    async signInToken() {
      const made = token()
      await allowSignIn(parts, { user, project }, await sha256(made.reveal()))
      return made
    },
    async registerImage(image) {
      await registerImage(parts, { architecture: 'x86_64', minDiskMiB: 96, ...image })
    },
    async hostsUp(count) {
      const linked = (await hosts(client)).filter(({ agent, epoch, live }) => live && epoch > (before.get(agent) ?? 0))
      return linked.length >= count
    },
  }
}

const HostRow = z.object({ agent: z.string(), epoch: z.number(), live: z.number().transform(Boolean) })

/** All that were ever heard from, with the latest link of their agents. */
async function hosts(client: Client): Promise<z.infer<typeof HostRow>[]> {
  const { rows } = await client.execute(`SELECT agent.id AS agent, agent.epoch AS epoch, agent.silentSince IS NULL AS live
    FROM host JOIN agent ON agent.id = host.agent JOIN host_observed ON host_observed.host = host.id`)
  return rows.map(row => HostRow.parse(row))
}

async function upToDate(client: Client, data: string): Promise<void> {
  const version = await dataVersion(client)
  if (version > schemaVersion) {
    throw new Stop(
      `The data in ${data} is of version ${version}, this Sirocco knows up to ${schemaVersion}: start the newer one, or restore the copy control.db.${schemaVersion}.bak.`,
    )
  }
  if (version > 0 && version < schemaVersion) await backUp(client, join(data, `control.db.${version}.bak`))
  await migrate(client)
}

/** A consistent copy, for its owner alone, whole when it is there under its name; one that is there is left as it is. */
export async function backUp(client: Client, file: string): Promise<void> {
  if (existsSync(file)) return
  const making = `${file}.new`
  try {
    // Made empty first, which VACUUM INTO allows: so nobody else can read it at any moment.
    writeFileSync(making, '', { mode: 0o600 })
    await client.execute({ sql: 'VACUUM INTO ?', args: [making] })
  } catch (reason) {
    rmSync(making, { force: true })
    const why = reason instanceof Error ? reason.message : String(reason)
    throw new Stop(`The copy ${file} cannot be made before the data is migrated (${why}): make room, and start again.`)
  }
  renameSync(making, file)
}
