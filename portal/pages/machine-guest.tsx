import { useQuery } from '@tanstack/react-query'
import { Fragment } from 'react'
import { calls } from '../api/calls.ts'
import { Problem } from '../api/problem.ts'
import type { Machine } from '../api/types.ts'
import { useSpeech } from '../locales/language.tsx'
import { Button } from '../ui/button.tsx'
import { Moment } from '../ui/moment.tsx'
import { Trouble } from '../ui/trouble.tsx'

/** Asked when a person asks: neither is told by the feed, and each costs its host a look. */
const onDemand = { enabled: false, staleTime: 0, gcTime: 0, retry: false } as const

/** What the agent inside the guest tells of it, and a picture of its screen. */
export function Inside({ machine }: { machine: Machine }) {
  const { t } = useSpeech()
  const { id, state } = machine
  const guest = useQuery({ queryKey: ['guest', id], queryFn: () => calls.guest(id), ...onDemand })
  const picture = useQuery({ queryKey: ['screenshot', id], queryFn: () => calls.screenshot(id), ...onDemand })
  const reason = state === 'running' ? null : t.inside.notRunning
  return (
    <section className="card" aria-label={t.inside.title}>
      <h2>{t.inside.title}</h2>
      <div className="actions">
        <Button reason={reason} busy={guest.isFetching} onPress={() => void guest.refetch()}>
          {t.inside.ask}
        </Button>
        <Button reason={reason} busy={picture.isFetching} onPress={() => void picture.refetch()}>
          {t.inside.picture}
        </Button>
      </div>
      <div aria-live="polite">
        {guest.error && !isNobody(guest.error) && <Trouble problem={guest.error} again={() => void guest.refetch()} />}
        {guest.error && isNobody(guest.error) && <p className="soft">{t.inside.nobody}</p>}
        {guest.data && !guest.error && (
          <dl className="facts">
            <dt>{t.inside.hostname}</dt>
            <dd>{guest.data.hostname ?? <span className="soft">{t.inside.untold}</span>}</dd>
            <dt>{t.inside.system}</dt>
            <dd>
              {guest.data.os ? (
                [guest.data.os.name, guest.data.os.version, guest.data.os.kernel].filter(word => word !== '').join(' · ')
              ) : (
                <span className="soft">{t.inside.untold}</span>
              )}
            </dd>
            {guest.data.interfaces.map(({ name, addresses }) => (
              <Fragment key={name}>
                <dt>{name}</dt>
                <dd className="mono">{addresses.length === 0 ? t.inside.untold : addresses.join(', ')}</dd>
              </Fragment>
            ))}
          </dl>
        )}
        {picture.error && <Trouble problem={picture.error} again={() => void picture.refetch()} />}
        {picture.data && !picture.error && (
          <figure className="picture">
            <img src={`data:image/png;base64,${picture.data.png}`} alt={t.inside.pictureOf({ name: machine.name })} />
            <figcaption className="soft small">
              <Moment at={picture.data.at} />
            </figcaption>
          </figure>
        )}
      </div>
    </section>
  )
}

/** No agent answers in the guest: that is no trouble, many have none. */
const isNobody = (error: Error): boolean => error instanceof Problem && error.code === 'precondition'
