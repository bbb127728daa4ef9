import type { MachineState } from '@sirocco/shared/model/machines/states.ts'
import { useSpeech } from '../locales/language.tsx'

/** full: on · hollow: off · turning: on its way · cross: broken · question: not known. Never told by colour alone. */
const shapes = {
  creating: 'turning',
  starting: 'turning',
  running: 'full',
  paused: 'bars',
  stopping: 'turning',
  stopped: 'hollow',
  suspended: 'bars',
  failed: 'cross',
  deleting: 'turning',
  gone: 'hollow',
  unknown: 'question',
} as const satisfies Record<MachineState, string>

const drawn = {
  full: <circle cx="6" cy="6" r="4.5" className="fill" />,
  hollow: <circle cx="6" cy="6" r="3.8" />,
  turning: <path d="M6 2.2a3.8 3.8 0 1 1-3.6 2.6" className="turn" />,
  bars: <path d="M4 3v6M8 3v6" />,
  cross: <path d="m2.8 2.8 6.4 6.4M9.2 2.8 2.8 9.2" />,
  question: <path d="M4 4.3C4 3 4.9 2.3 6 2.3s2 .7 2 1.8c0 1.4-2 1.5-2 3M6 9.6v.01" />,
} as const

/** A machine's state: shape, colour and word. */
export function StateMark({ state }: { state: MachineState }) {
  const { t } = useSpeech()
  return (
    <span className={`state ${state}`}>
      <svg viewBox="0 0 12 12" aria-hidden="true" focusable="false">
        {drawn[shapes[state]]}
      </svg>
      {t.states[state]}
    </span>
  )
}
