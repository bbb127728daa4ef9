import { refuse } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { BlobBegin, BlobComplete } from '@sirocco/shared/wire/blobs.ts'
import { type Context, Hono } from 'hono'
import { imageBytes, uploadedPart } from '../ports/blobs.ts'
import type { Agent } from '../ports/store.ts'
import { type Env, jsonOf, refused, signed } from './agent.ts'

/** What agents of role `convert` ask: parts that people uploaded, and room for what they make of them. Bytes are streamed through. */
export function convertRoutes(): Hono<Env> {
  const app = new Hono<Env>()

  /** Only of the image that this agent is to make. */
  app.get('/uploads/:image/:n', context =>
    converting(context, async agent => {
      const [image, n] = [context.req.param('image'), Number(context.req.param('n'))]
      const found = await context.env.ports.store.images.many([image])
      if (!found.ok) return refused(found.fault)
      const host = found.value[0]?.import?.host
      const part = agent.hosts.some(({ id }) => id === host) && Number.isSafeInteger(n) && n > 0
      const blob = part ? await context.env.ports.blobs.get(uploadedPart(image, n)) : null
      return blob
        ? new Response(blob.body, {
            headers: {
              'content-length': String(blob.size),
              'content-type': 'application/octet-stream',
              'cache-control': 'no-store',
            },
          })
        : refused(refuse('not_found', 'there are no such bytes').fault)
    }),
  )

  app.post('/blobs/:sha256/uploads', context =>
    converting(context, async () => {
      const key = keyOf(context)
      const begin = BlobBegin.safeParse(jsonOf(await context.req.text()))
      if (!key || !begin.success) return refused(refuse('invalid', 'name the content and its length').fault)
      const { blobs } = context.env.ports
      // What is there was checked by whoever fetched it; it is never written over.
      if ((await blobs.size(key)) === begin.data.bytes) return Response.json({ upload: null })
      const upload = await blobs.begin(key)
      return upload.ok ? Response.json({ upload: upload.value }) : refused(upload.fault)
    }),
  )

  app.put('/blobs/:sha256/uploads/:n', context =>
    converting(context, async () => {
      const [key, n, upload] = [keyOf(context), Number(context.req.param('n')), context.req.query('upload')]
      const { body } = context.req.raw
      const bytes = Number(context.req.header('content-length') ?? Number.NaN)
      if (!key || !upload || !body || !(n >= 1 && n <= 10_000) || !(bytes > 0 && bytes <= limits.blobPart))
        return refused(refuse('invalid', `a part has 1 to ${limits.blobPart} bytes`).fault)
      const stored = await context.env.ports.blobs.part(key, upload, n, body)
      return stored.ok ? Response.json(stored.value) : refused(stored.fault)
    }),
  )

  app.post('/blobs/:sha256/uploads/complete', context =>
    converting(context, async () => {
      const [key, upload] = [keyOf(context), context.req.query('upload')]
      const complete = BlobComplete.safeParse(jsonOf(await context.req.text()))
      if (!key || !upload || !complete.success) return refused(refuse('invalid', 'name the parts that were stored').fault)
      const completed = await context.env.ports.blobs.complete(key, upload, complete.data.parts)
      return completed.ok ? Response.json({ upload: null }) : refused(completed.fault)
    }),
  )
  return app
}

const keyOf = (context: Context<Env>): string | null => {
  const sha256 = context.req.param('sha256') ?? ''
  return /^[0-9a-f]{64}$/.test(sha256) ? imageBytes(sha256) : null
}

const converting = (context: Context<Env>, then: (agent: Agent) => Promise<Response>): Promise<Response> =>
  signed(context, async agent =>
    agent.roles.includes('convert') ? then(agent) : refused(refuse('forbidden', 'this agent does not convert images').fault),
  )
