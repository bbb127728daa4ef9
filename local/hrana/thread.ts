import { parentPort, workerData } from 'node:worker_threads'
import { z } from 'zod'
import { createHrana } from './hrana.ts'

/** The inside of one lane of `threads.ts`: pipelines come as messages, `null` closes. */
const { file, lane } = z.object({ file: z.string(), lane: z.enum(['reader', 'writer']) }).parse(workerData)
const Ask = z.object({ id: z.number(), body: z.string().nullable() })
const hrana = createHrana(file, { readOnly: lane === 'reader', batonPrefix: `${lane.charAt(0)}-` })

parentPort?.on('message', async (message: unknown) => {
  const { id, body } = Ask.parse(message)
  if (body === null) await hrana.close()
  const answer = body === null ? { status: 200, body: '{}' } : await hrana.pipeline(body)
  parentPort?.postMessage({ id, ...answer })
})
