import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { calls } from '../api/calls.ts'
import { queries, queryClient } from '../api/queries.ts'
import type { AccessKey, MadeAccessKey } from '../api/types.ts'
import { useSpeech } from '../locales/language.tsx'
import { Ask } from '../ui/ask.tsx'
import { Button, IconButton } from '../ui/button.tsx'
import { Field } from '../ui/field.tsx'
import { icons } from '../ui/icons.tsx'
import { Loaded } from '../ui/loaded.tsx'
import { Moment } from '../ui/moment.tsx'
import { say } from '../ui/notices.tsx'
import { ShownOnce } from '../ui/shown-once.tsx'

/** Access keys for this API and EC2: one's own; owners see everybody's in the project. */
export function AccessKeysCard() {
  const { t, format } = useSpeech()
  const keys = useQuery(queries.accessKeys)
  const [making, setMaking] = useState(false)
  const [revoking, setRevoking] = useState<AccessKey | null>(null)
  return (
    <section className="card across" aria-labelledby="access-keys">
      <h2 id="access-keys">{t.accessKeys.title}</h2>
      <Loaded query={keys}>
        {data =>
          data.items.length === 0 ? (
            <p className="soft">{t.accessKeys.none}</p>
          ) : (
            <div className="sheet">
              <table className="grid">
                <caption className="unseen">{t.accessKeys.title}</caption>
                <thead>
                  <tr>
                    <th scope="col">{t.accessKeys.key}</th>
                    <th scope="col" className="col-wide">
                      {t.accessKeys.of}
                    </th>
                    <th scope="col">{t.accessKeys.lastUsed}</th>
                    <th scope="col" className="col-created">
                      {t.accessKeys.until}
                    </th>
                    <th scope="col">
                      <span className="unseen">{t.people.actions}</span>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {data.items.map(key => (
                    <tr key={key.id}>
                      <th scope="row" className="mono">
                        {key.accessKeyId}
                      </th>
                      <td className="col-wide">{key.email}</td>
                      <td>{key.lastUsedAt === null ? t.accessKeys.never : <Moment at={key.lastUsedAt} />}</td>
                      <td className="col-created">
                        {key.expiresAt === null ? t.accessKeys.noEnd : format.moment(Date.parse(key.expiresAt))}
                      </td>
                      <td className="end">
                        <IconButton label={t.accessKeys.revoke({ key: key.accessKeyId })} onPress={() => setRevoking(key)}>
                          {icons.bin}
                        </IconButton>
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )
        }
      </Loaded>
      <Button onPress={() => setMaking(true)}>{t.accessKeys.make}</Button>
      {making && <Make close={() => setMaking(false)} />}
      {revoking && (
        <Ask
          open
          close={() => setRevoking(null)}
          title={t.accessKeys.revokeTitle({ key: revoking.accessKeyId })}
          confirm={t.accessKeys.revokeConfirm}
          danger
          act={async () => {
            await calls.revokeAccessKey(revoking.id)
            await queryClient.invalidateQueries(queries.accessKeys)
            say(t.accessKeys.revoked({ key: revoking.accessKeyId }))
            return 'done'
          }}
        >
          <p>{t.accessKeys.revokeText}</p>
        </Ask>
      )}
    </section>
  )
}

/** Days; the API's own limit. */
const longest = 3_650
/** What is offered: long enough not to be a nuisance, short enough to be forgotten safely. */
const usual = '90'

function Make({ close }: { close: () => void }) {
  const { t } = useSpeech()
  const [days, setDays] = useState(usual)
  const [error, setError] = useState<string | null>(null)
  const [made, setMade] = useState<MadeAccessKey | null>(null)
  if (made)
    return (
      <ShownOnce
        close={close}
        title={t.accessKeys.madeTitle}
        text={t.accessKeys.madeText}
        values={[
          { name: t.accessKeys.key, value: made.accessKeyId },
          { name: t.accessKeys.secret, value: made.secretAccessKey },
        ]}
      />
    )
  return (
    <Ask
      open
      close={close}
      title={t.accessKeys.make}
      confirm={t.accessKeys.make}
      act={async () => {
        const text = days.trim()
        const right = text === '' || (/^\d{1,4}$/.test(text) && Number(text) >= 1 && Number(text) <= longest)
        setError(right ? null : t.accessKeys.badDays({ max: longest }))
        if (!right) return 'stay'
        setMade(await calls.makeAccessKey(text === '' ? {} : { days: Number(text) }))
        await queryClient.invalidateQueries(queries.accessKeys)
        return 'stay'
      }}
    >
      <Field
        name="days"
        label={t.accessKeys.days}
        hint={t.accessKeys.daysHint}
        optional
        value={days}
        onChange={setDays}
        error={error}
        autoFocus
      />
    </Ask>
  )
}
