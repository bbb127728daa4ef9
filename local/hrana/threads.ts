import { Worker } from 'node:worker_threads'
import { z } from 'zod'
import { type Answer, createHrana, type Hrana } from './hrana.ts'
import { beginsReadOnly, onlyReads } from './sql.ts'

const Reply = z.object({ id: z.number(), status: z.number(), body: z.string() })

/** Just enough of a pipeline to see where it belongs; the thread parses it whole. */
const Shape = z.object({
  baton: z.string().nullish(),
  requests: z.array(
    z.object({
      type: z.string(),
      sql: z.string().optional(),
      stmt: z.object({ sql: z.string().optional() }).optional(),
      batch: z.object({ steps: z.array(z.object({ stmt: z.object({ sql: z.string().optional() }) })) }).optional(),
    }),
  ),
})

export type Lane = 'reader' | 'writer'

/**
 * Readers get a thread of their own, so that a list never waits while a commit reaches the disk (WAL lets both run at once).
 * Only what surely reads goes there: a whole pipeline of reads that ends its stream, or a transaction that begins read-only.
 */
export function laneOf(body: string): Lane {
  const shape = parse(body)
  if (!shape) return 'writer'
  if (shape.baton) return shape.baton.startsWith('r-') ? 'reader' : 'writer'
  const texts = shape.requests.flatMap(({ sql, stmt, batch }) =>
    [sql, stmt?.sql, ...(batch?.steps.map(step => step.stmt.sql) ?? [])].filter(text => text !== undefined),
  )
  const ends = shape.requests.at(-1)?.type === 'close' || texts.some(beginsReadOnly)
  return ends && texts.length > 0 && texts.every(onlyReads) && shape.requests.every(({ type }) => type !== 'sequence')
    ? 'reader'
    : 'writer'
}

function parse(body: string): z.infer<typeof Shape> | undefined {
  try {
    return Shape.safeParse(JSON.parse(body)).data
  } catch {
    return undefined
  }
}

/** The same server with its file in two threads of their own, so that neither fsync nor a long query stops this process. */
export async function createThreadedHrana(file: string): Promise<Hrana> {
  // Makes the file and turns it to WAL before a reader, which may not, opens it.
  await createHrana(file).close()
  const [writer, reader] = await Promise.all([lane(file, 'writer'), lane(file, 'reader')])
  const lanes = { reader, writer } satisfies Record<Lane, Hrana>
  return {
    pipeline: body => lanes[laneOf(body)].pipeline(body),
    async close() {
      await Promise.all([reader.close(), writer.close()])
    },
  }
}

async function lane(file: string, name: Lane): Promise<Hrana> {
  const worker = new Worker(new URL('./thread.ts', import.meta.url), { workerData: { file, lane: name } })
  const waiting = new Map<number, (answer: Answer) => void>()
  let next = 0
  let over = false

  const fail = (message: string) => {
    over = true
    for (const resolve of waiting.values()) resolve({ status: 503, body: JSON.stringify({ message, code: 'CLOSED' }) })
    waiting.clear()
  }
  worker.on('message', (message: unknown) => {
    const { id, status, body } = Reply.parse(message)
    waiting.get(id)?.({ status, body })
    waiting.delete(id)
  })
  worker.on('exit', () => fail('the database is closed'))
  worker.on('error', reason => fail(`the database failed: ${reason instanceof Error ? reason.message : String(reason)}`))
  await new Promise<void>((resolve, reject) => {
    worker.once('online', resolve)
    worker.once('error', reject)
  })

  const ask = (body: string | null): Promise<Answer> => {
    if (over) return Promise.resolve({ status: 503, body: '{"message":"the database is closed","code":"CLOSED"}' })
    const id = next++
    return new Promise(resolve => {
      waiting.set(id, resolve)
      worker.postMessage({ id, body })
    })
  }
  return {
    pipeline: ask,
    async close() {
      await ask(null)
      await worker.terminate()
    },
  }
}
