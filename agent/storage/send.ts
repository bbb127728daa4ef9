import { createReadStream } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { second } from '@sirocco/shared/kit/clock.ts'
import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Departure, Peer } from '../ports/move.ts'
import { homeOf } from './layers.ts'
import { lineMax, type Opening, type Parcel, type Question } from './parcel.ts'

/** How often the other host is asked again what became of it, and how many times. */
const askAgain = { every: 1 * second, times: 60 } as const
const stayed = (result: Result<unknown>): Departure => ({
  kind: 'stayed',
  fault: result.ok ? { code: 'internal', message: 'impossible' } : result.fault,
})

export interface SendOptions {
  progress(percent: number): void
  readonly cancel: AbortSignal
  pause(ms: number): Promise<void>
}

/** Sends them out of the directories that they lie in; only the question `finish` has them wanted there, and until it is answered nobody here knows where. */
export async function sendParcels(
  dirOf: (volume: string) => string,
  parcels: readonly Parcel[],
  peer: Peer,
  how: SendOptions,
): Promise<Departure> {
  const ask = (question: Question) => peer.ask(JSON.stringify(question))
  const prepared = await ask({ ask: 'prepare', parcels: [...parcels] })
  if (!prepared.ok) return stayed(prepared)
  const tunnel = await peer.tunnel('files')
  if (!tunnel.ok) return stayed(tunnel)
  const all = parcels.flatMap(({ id, parts }) => parts.map(part => ({ ...part, volume: id })))
  const total = all.reduce((sum, { bytes }) => sum + bytes, 0)
  let sent = 0
  for (const { volume, name, bytes } of all) {
    if (how.cancel.aborted) return stayed(refuse('conflict', 'the move was called off'))
    const went = await sendFile(tunnel.value, join(homeOf(dirOf(volume), volume), name), { volume, name }, how.cancel, chunk => {
      how.progress(Math.min(99, Math.floor((100 * (sent + chunk)) / total)))
    })
    if (!went.ok) return stayed(how.cancel.aborted ? refuse('conflict', 'the move was called off') : went)
    sent += bytes
  }
  let outcome = await ask({ ask: 'finish' })
  for (let times = 0; !outcome.ok && outcome.fault.code === 'unavailable' && times < askAgain.times; times++) {
    await how.pause(askAgain.every)
    outcome = await ask({ ask: 'outcome' })
  }
  if (!outcome.ok) return outcome.fault.code === 'unavailable' ? { kind: 'unknown', fault: outcome.fault } : stayed(outcome)
  return outcome.value === 'here' ? { kind: 'left' } : stayed(refuse('internal', 'the other host did not take its volumes in'))
}

/** One file to whoever answers at `socket`; done once that says that it is on disk there. */
async function sendFile(
  socket: string,
  path: string,
  opening: Opening,
  cancel: AbortSignal,
  moved: (bytes: number) => void,
): Promise<Result<void>> {
  const near = connect({ path: socket, allowHalfOpen: true })
  const answer = new Promise<string>(resolve => {
    let said = ''
    near.on('data', bytes => {
      said = (said + bytes).slice(0, lineMax)
    })
    near.once('close', () => resolve(said))
    near.once('end', () => resolve(said))
  })
  try {
    near.write(`${JSON.stringify(opening)}\n`)
    let bytes = 0
    const file = createReadStream(path)
    file.on('data', chunk => {
      bytes += chunk.length
      moved(bytes)
    })
    await pipeline(file, near, { signal: cancel })
    return (await answer) === 'kept\n' ? ok(undefined) : refuse('unavailable', 'the other host did not keep what was sent')
  } catch (error) {
    return refuse('unavailable', 'the volumes could not be sent', { detail: String(error) })
  } finally {
    near.destroy()
  }
}
