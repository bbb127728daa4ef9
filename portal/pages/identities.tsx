import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { calls } from '../api/calls.ts'
import { queries, queryClient } from '../api/queries.ts'
import type { Identity } from '../api/types.ts'
import { useSpeech } from '../locales/language.tsx'
import { Ask } from '../ui/ask.tsx'
import { Button } from '../ui/button.tsx'
import { Moment } from '../ui/moment.tsx'
import { complain, say } from '../ui/notices.tsx'
import { problemText } from '../ui/problem-text.ts'
import { leave } from './identity-flow.ts'

/** One's accounts at identity providers; nothing where there is none to link. */
export function Identities() {
  const { t } = useSpeech()
  const providers = useQuery(queries.signInProviders)
  const own = useQuery(queries.identities)
  const [unlinking, setUnlinking] = useState<Identity | null>(null)
  if (!providers.data || !own.data || providers.data.items.length === 0) return null
  const linked = own.data.items
  const open = providers.data.items.filter(({ id }) => !linked.some(({ provider }) => provider === id))
  return (
    <>
      <h3>{t.identities.title}</h3>
      <p className="soft">{t.identities.lead}</p>
      <ul className="passkeys" aria-label={t.identities.title}>
        {linked.map(identity => (
          <li key={identity.provider}>
            <span>
              <strong>{identity.name}</strong>
              <br />
              <span className="soft small">
                {identity.lastUsedAt === null ? t.passkeys.unused : t.passkeys.used}{' '}
                {identity.lastUsedAt !== null && <Moment at={identity.lastUsedAt} />}
              </span>
            </span>
            <Button look="quiet" onPress={() => setUnlinking(identity)}>
              {t.identities.unlink({ name: identity.name })}
            </Button>
          </li>
        ))}
      </ul>
      <div className="actions">
        {open.map(({ id, name }) => (
          <Button
            key={id}
            onPress={() => {
              calls.beginIdentity(id).then(
                asked => leave(asked, { link: true, to: '' }),
                error => complain(problemText(t, error)),
              )
            }}
          >
            {t.identities.link({ name })}
          </Button>
        ))}
      </div>
      <Ask
        open={unlinking !== null}
        close={() => setUnlinking(null)}
        title={t.identities.unlinkTitle({ name: unlinking?.name ?? '' })}
        confirm={t.identities.unlinkConfirm}
        danger
        act={async () => {
          if (unlinking === null) return 'done'
          await calls.unlinkIdentity(unlinking.provider)
          await queryClient.invalidateQueries(queries.identities)
          say(t.identities.unlinked({ name: unlinking.name }))
          return 'done'
        }}
      >
        <p>{t.identities.unlinkText}</p>
      </Ask>
    </>
  )
}
