import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { isId } from '@sirocco/shared/kit/id.ts'
import { objectBytes, rootLevel, tableEntries } from '@sirocco/shared/model/backups/table.ts'
import { type Context, Hono } from 'hono'
import type { Backup } from '../domain/backups/backup.ts'
import { backupObject } from '../ports/blobs.ts'
import type { Agent } from '../ports/store.ts'
import { type Env, refused, signed } from './agent.ts'
import { rangeOf } from './range.ts'

const nothing = () => refused(refuse('not_found', 'there is no such part of a backup').fault)

/** What agents ask of backups: those of a volume that they back up or restore, and room for the objects of one that they take. Bytes are streamed through. */
export function backupRoutes(): Hono<Env> {
  const app = new Hono<Env>()

  app.get('/backups/:backup', context =>
    reading(context, ({ root, sizeBytes }) =>
      root === null || sizeBytes === null
        ? nothing()
        : Response.json({ root, sizeBytes }, { headers: { 'cache-control': 'no-store' } }),
    ),
  )

  app.get('/backups/:backup/objects/:maker/:level/:index', context =>
    reading(context, async ({ volume }) => {
      const maker = context.req.param('maker')
      const place = placeOf(context)
      const range = rangeOf(context.req.header('range') ?? null)
      if (!place || !range || !isId('backup', maker)) return nothing()
      const found = await context.env.ports.blobs.get(backupObject(volume, { maker, ...place }), range)
      if (!found || range.offset >= found.size) return nothing()
      const end = range.length === undefined ? found.size : Math.min(found.size, range.offset + range.length)
      return new Response(found.body, {
        status: 206,
        headers: {
          'content-type': 'application/octet-stream',
          'content-range': `bytes ${range.offset}-${end - 1}/${found.size}`,
          'content-length': String(end - range.offset),
          'cache-control': 'no-store',
        },
      })
    }),
  )

  /** Only of a backup that this agent is taking. */
  app.put('/backups/:backup/objects/:level/:index', context =>
    signed(context, async agent => {
      const found = await backupOf(context)
      if (!found.ok) return refused(found.fault)
      const backup = found.value
      const place = placeOf(context)
      const sha256 = context.req.query('sha256') ?? ''
      const { body } = context.req.raw
      const bytes = Number(context.req.header('content-length') ?? Number.NaN)
      const isTaken = backup.made === 'creating' && !backup.deleted && agent.hosts.some(({ id }) => id === backup.host)
      if (!isTaken || !place) return nothing()
      if (!body || !/^[0-9a-f]{64}$/.test(sha256) || !(bytes > 0 && bytes <= objectBytes))
        return refused(refuse('invalid', `an object of a backup has 1 to ${objectBytes} bytes, and names their SHA-256`).fault)
      const stored = await context.env.ports.blobs.put(backupObject(backup.volume, { maker: backup.id, ...place }), body, sha256)
      return stored.ok ? Response.json({}) : refused(stored.fault)
    }),
  )
  return app
}

const reading = (context: Context<Env>, then: (backup: Backup) => Response | Promise<Response>): Promise<Response> =>
  signed(context, async (agent: Agent) => {
    const backup = await backupOf(context)
    if (!backup.ok) return refused(backup.fault)
    const isRead = await context.env.ports.store.backups.isReadBy(
      backup.value.id,
      agent.hosts.map(({ id }) => id),
    )
    if (!isRead.ok) return refused(isRead.fault)
    return isRead.value ? then(backup.value) : nothing()
  })

async function backupOf(context: Context<Env>): Promise<Result<Backup>> {
  const found = await context.env.ports.store.backups.find('platform', [context.req.param('backup') ?? ''])
  if (!found.ok) return found
  const [backup] = found.value
  return backup ? ok(backup) : refuse('not_found', 'there is no such backup')
}

function placeOf(context: Context<Env>): { level: number; index: number } | null {
  const [level, index] = [Number(context.req.param('level')), Number(context.req.param('index'))]
  const isPlace = Number.isInteger(level) && level >= 0 && level <= rootLevel && Number.isInteger(index) && index >= 0
  return isPlace && index < tableEntries ** (rootLevel - level) ? { level, index } : null
}
