import { useSyncExternalStore } from 'react'
import { useSpeech } from '../locales/language.tsx'

/** One clock for all moments on the page: relative times need no finer hand. */
const beat = 10_000
const calls = new Set<() => void>()
let now = Date.now()
let timer: ReturnType<typeof setInterval> | null = null

function subscribe(call: () => void): () => void {
  calls.add(call)
  timer ??= setInterval(() => {
    now = Date.now()
    for (const each of calls) each()
  }, beat)
  return () => {
    calls.delete(call)
    if (calls.size > 0 || !timer) return
    clearInterval(timer)
    timer = null
  }
}

/** ms since the epoch, moving on every few seconds. */
export const useNow = (): number => useSyncExternalStore(subscribe, () => now)

/** When something was, in the reader's words; the exact moment on hover and for machines. */
export function Moment({ at }: { at: string }) {
  const { format } = useSpeech()
  const moment = Date.parse(at)
  const clock = Math.max(useNow(), moment)
  return (
    <time dateTime={at} title={format.moment(moment)}>
      {format.ago(moment, clock)}
    </time>
  )
}
