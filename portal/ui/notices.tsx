import { useSyncExternalStore } from 'react'
import { useSpeech } from '../locales/language.tsx'
import { problemText } from './problem-text.ts'

interface Notice {
  readonly id: number
  readonly kind: 'said' | 'failed'
  readonly text: string | ((speech: ReturnType<typeof useSpeech>) => string)
}

/** How long a notice stays: what failed longer, since it has to be read. */
const stays = { said: 5_000, failed: 12_000 } as const
/** Shown at once; the oldest leaves. */
const most = 3

let notices: readonly Notice[] = []
let last = 0
const calls = new Set<() => void>()
const set = (next: readonly Notice[]): void => {
  notices = next
  for (const call of calls) call()
}
const dismiss = (id: number): void => set(notices.filter(notice => notice.id !== id))

function add(kind: Notice['kind'], text: Notice['text']): void {
  const id = ++last
  set([...notices, { id, kind, text }].slice(-most))
  setTimeout(() => dismiss(id), stays[kind])
}

/** Tells what was done, in passing. */
export const say = (text: string): void => add('said', text)
/** Tells what was refused, in passing: where a form stands, the form tells it instead. */
export const complain = (problem: unknown): void => add('failed', speech => problemText(speech.t, problem))

/** Where notices appear; a screen reader hears them without losing its place. */
export function Notices() {
  const speech = useSpeech()
  const shown = useSyncExternalStore(
    call => {
      calls.add(call)
      return () => calls.delete(call)
    },
    () => notices,
  )
  return (
    <div className="notices" role="status">
      {shown.map(notice => (
        <div key={notice.id} className={`notice ${notice.kind}`}>
          <span>{typeof notice.text === 'string' ? notice.text : notice.text(speech)}</span>
          <button type="button" className="icon-button" aria-label={speech.t.common.close} onClick={() => dismiss(notice.id)}>
            ×
          </button>
        </div>
      ))}
    </div>
  )
}
