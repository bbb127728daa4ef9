import { useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { calls } from '../api/calls.ts'
import { queries } from '../api/queries.ts'
import type { Operation } from '../api/types.ts'
import { useSpeech } from '../locales/language.tsx'
import { told } from '../locales/told.ts'
import { Ask } from '../ui/ask.tsx'
import { Button } from '../ui/button.tsx'
import { useNow } from '../ui/moment.tsx'
import { complain, say } from '../ui/notices.tsx'
import { type OperationButton, operationButtons } from './operation-buttons.ts'

/** One operation: what it does, what it waits for and until when, how it ended and what to do next. */
export function OperationTold({ operation }: { operation: Operation }) {
  const { t, format } = useSpeech()
  const took = operation.endedAt === null ? null : Date.parse(operation.endedAt) - Date.parse(operation.createdAt)
  return (
    <div className="operation">
      <strong>{t.operations[operation.kind]}</strong>
      <span className="soft">
        {' '}
        {t.operationStates[operation.state]}
        {took !== null && `, ${t.took({ time: format.span(took) })}`}
      </span>
      <Waits operation={operation} />
      {operation.fault && <p className="story-note bad">{told(t, operation.fault)}</p>}
      {(operation.state === 'failed' || operation.state === 'stuck') && (
        <p className="story-note">{t.operationAdvice[operation.advice]}</p>
      )}
      {operation.state !== 'done' && operation.steps.length > 1 && (
        <ol className="steps" aria-label={t.operation.steps}>
          {operation.steps.map(({ name, state }) => (
            <li
              key={name}
              className={`step ${state}`}
              aria-label={`${stepWord(t.operation.names, name)}, ${t.operation.stepStates[state]}`}
            >
              {stepWord(t.operation.names, name)}
            </li>
          ))}
        </ol>
      )}
      <Buttons operation={operation} />
    </div>
  )
}

const stepWord = (names: Readonly<Record<string, string>>, name: string): string => names[name] ?? name

/** Whom it waits for, since when, and when it is given up: one line. */
function Waits({ operation: { waiting, waitingSaid, waitingSince, givesUpAt } }: { operation: Operation }) {
  const { t, format } = useSpeech()
  const now = useNow()
  if (waiting === null) return null
  const since = waitingSince === null ? null : Math.max(0, now - Date.parse(waitingSince))
  const left = givesUpAt === null ? null : Math.max(0, Date.parse(givesUpAt) - now)
  const parts = [
    t.machine.waiting({ what: told(t, { message: waiting, ...waitingSaid }).replace(/^waiting for /, '') }),
    since === null || since < shortWait ? null : t.operation.since({ time: format.span(since) }),
    left === null ? null : t.operation.givesUp({ time: format.span(left) }),
  ]
  return <p className="story-note">{parts.filter(part => part !== null).join(' · ')}</p>
}

/** ms: nobody wonders yet. */
const shortWait = 10_000

function Buttons({ operation }: { operation: Operation }) {
  const { t } = useSpeech()
  const { data: me } = useSuspenseQuery(queries.me)
  const client = useQueryClient()
  const [asking, setAsking] = useState<OperationButton | null>(null)
  const [busy, setBusy] = useState<OperationButton | null>(null)
  const buttons = operationButtons(operation, me.role)
  if (buttons.length === 0) return null

  const act = async (which: OperationButton): Promise<'done'> => {
    await calls.askOperation(which, operation.id, crypto.randomUUID())
    await client.invalidateQueries({ queryKey: ['of', operation.subject] })
    say(t.operation.asked[which])
    return 'done'
  }
  const press = async (which: OperationButton): Promise<void> => {
    if (which === 'cancel' || which === 'fail') return setAsking(which)
    setBusy(which)
    await act(which).catch(complain)
    setBusy(null)
  }
  const text = operation.kind === 'machine.create' ? t.operation.cancelLaunchText : t.operation.cancelText
  return (
    <div className="operation-buttons">
      {buttons.map(({ which, rest }) => (
        <Button
          key={which}
          look="quiet"
          reason={rest === null ? null : t.operationReasons[rest]}
          busy={busy === which}
          onPress={() => void press(which)}
        >
          {t.operation.buttons[which]}
        </Button>
      ))}
      <Ask
        open={asking !== null}
        close={() => setAsking(null)}
        title={asking === 'fail' ? t.operation.failTitle : t.operation.cancelTitle}
        confirm={asking === 'fail' ? t.operation.buttons.fail : t.operation.cancelConfirm}
        danger
        act={() => act(asking ?? 'cancel')}
      >
        <p>{asking === 'fail' ? t.operation.failText : text}</p>
      </Ask>
    </div>
  )
}
