import { useQuery } from '@tanstack/react-query'
import { calls } from '../api/calls.ts'
import { queries, queryClient } from '../api/queries.ts'
import { useSpeech } from '../locales/language.tsx'
import { Button } from '../ui/button.tsx'
import { Loaded } from '../ui/loaded.tsx'
import { Moment } from '../ui/moment.tsx'
import { complain, say } from '../ui/notices.tsx'

/** Where one is signed in. */
export function SessionsCard() {
  const { t, format } = useSpeech()
  const sessions = useQuery(queries.signIns)
  const end = async (id: string): Promise<void> => {
    try {
      await calls.endSignIn(id)
      await queryClient.invalidateQueries(queries.signIns)
      say(t.sessions.ended)
    } catch (problem) {
      complain(problem)
    }
  }
  return (
    <section className="card across" aria-labelledby="sessions">
      <h2 id="sessions">{t.sessions.title}</h2>
      <Loaded query={sessions}>
        {data => (
          <div className="sheet">
            <table className="grid">
              <caption className="unseen">{t.sessions.title}</caption>
              <thead>
                <tr>
                  <th scope="col">{t.sessions.began}</th>
                  <th scope="col" className="col-created">
                    {t.sessions.until}
                  </th>
                  <th scope="col">
                    <span className="unseen">{t.people.actions}</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {data.items.map(({ id, current, createdAt, expiresAt }) => (
                  <tr key={id}>
                    <th scope="row">
                      <Moment at={createdAt} />
                      {current && <span className="soft"> ({t.sessions.current})</span>}
                    </th>
                    <td className="col-created">{format.moment(Date.parse(expiresAt))}</td>
                    <td className="end">
                      <Button
                        look="quiet"
                        reason={current ? t.sessions.signOutInstead : null}
                        aria-label={t.sessions.endOf({ began: format.moment(Date.parse(createdAt)) })}
                        onPress={() => void end(id)}
                      >
                        {t.sessions.end}
                      </Button>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Loaded>
    </section>
  )
}
