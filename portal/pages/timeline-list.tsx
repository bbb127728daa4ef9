import { useQuery } from '@tanstack/react-query'
import { queries } from '../api/queries.ts'
import type { FeedEvent, Operation } from '../api/types.ts'
import { useSpeech } from '../locales/language.tsx'
import type { Messages } from '../locales/messages.ts'
import { Moment } from '../ui/moment.tsx'
import { Trouble, Waiting } from '../ui/trouble.tsx'
import { OperationTold } from './operation-told.tsx'
import { timelineOf } from './timeline.ts'

/** What was asked of a machine and what became of it, newest first. */
export function Timeline({ machine }: { machine: string }) {
  const { t } = useSpeech()
  const operations = useQuery(queries.operations(machine))
  const events = useQuery(queries.events(machine))
  const failed = [operations, events].find(query => query.error !== null)
  return (
    <section className="card timeline" aria-label={t.machine.timeline}>
      <h2>{t.machine.timeline}</h2>
      {failed ? (
        <Trouble problem={failed.error} again={() => void failed.refetch()} />
      ) : operations.data && events.data ? (
        <Story operations={operations.data.items} events={events.data.items} />
      ) : (
        <Waiting />
      )}
    </section>
  )
}

function Story({ operations, events }: { operations: readonly Operation[]; events: readonly FeedEvent[] }) {
  const { t } = useSpeech()
  const moments = timelineOf(operations, events)
  if (moments.length === 0) return <p className="soft">{t.machine.empty}</p>
  return (
    <ol className="story">
      {moments.map(moment => (
        <li
          key={moment.key}
          className={moment.is === 'operation' ? `story-operation ${tone[moment.operation.state]}` : 'story-event'}
        >
          {moment.is === 'operation' ? (
            <OperationTold operation={moment.operation} />
          ) : moment.is === 'state' ? (
            <span className="soft">{t.events.becomes({ state: t.states[moment.state] })}</span>
          ) : (
            <span>{words[moment.type]?.(t) ?? t.events.other({ type: moment.type })}</span>
          )}
          <span className="story-when">
            <Moment at={new Date(moment.at).toISOString()} />
          </span>
        </li>
      ))}
    </ol>
  )
}

/** Events that have words of their own. */
const words: Partial<Record<string, (t: Messages) => string>> = {
  'machine.crashed': t => t.events.crashed,
  'machine.renamed': t => t.events.renamed,
  'machine.resized': t => t.events.resized,
  'machine.protected': t => t.events.protected,
  'machine.unprotected': t => t.events.unprotected,
  'machine.user-data': t => t.events.userData,
  'machine.kept': t => t.events.kept,
  'machine.guest-shutdown': t => t.events.guestShutdown,
  'tags.set': t => t.events.tagged,
  'tags.unset': t => t.events.tagged,
}

const tone: Record<Operation['state'], 'busy' | 'good' | 'bad' | 'idle'> = {
  running: 'busy',
  parked: 'busy',
  undoing: 'busy',
  done: 'good',
  failed: 'bad',
  cancelled: 'idle',
  superseded: 'idle',
  stuck: 'bad',
}
