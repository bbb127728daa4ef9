import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { calls } from '../api/calls.ts'
import { queries, queryClient } from '../api/queries.ts'
import type { IdentityProvider } from '../api/types.ts'
import { useSpeech } from '../locales/language.tsx'
import { Ask } from '../ui/ask.tsx'
import { Button, IconButton } from '../ui/button.tsx'
import { Copyable } from '../ui/copy.tsx'
import { icons } from '../ui/icons.tsx'
import { Loaded } from '../ui/loaded.tsx'
import { say } from '../ui/notices.tsx'
import { IdentityProviderForm } from './identity-provider-form.tsx'

/** Who vouches for people who sign in; for admins. */
export function IdentityProviders() {
  const { t } = useSpeech()
  const providers = useQuery(queries.identityProviders)
  const [editing, setEditing] = useState<IdentityProvider | 'new' | null>(null)
  const [deleting, setDeleting] = useState<IdentityProvider | null>(null)
  return (
    <section className="card" aria-labelledby="identity-providers">
      <h2 id="identity-providers">{t.identityProviders.title}</h2>
      <p className="soft">{t.identityProviders.lead}</p>
      <p>
        {t.identityProviders.back} <Copyable text={`${location.origin}/sign-in/back`} what={t.identityProviders.back} />
      </p>
      <Loaded query={providers}>
        {data => (
          <ul className="passkeys" aria-label={t.identityProviders.title}>
            {data.items.map(provider => (
              <li key={provider.id}>
                <span>
                  <strong>{provider.name}</strong>
                  <br />
                  <span className="soft small">{provider.issuer}</span>
                </span>
                <span className="actions">
                  <Button look="quiet" onPress={() => setEditing(provider)}>
                    {t.identityProviders.change}
                  </Button>
                  <IconButton label={t.identityProviders.delete({ name: provider.name })} onPress={() => setDeleting(provider)}>
                    {icons.bin}
                  </IconButton>
                </span>
              </li>
            ))}
          </ul>
        )}
      </Loaded>
      <div className="actions">
        <Button onPress={() => setEditing('new')}>{t.identityProviders.add}</Button>
      </div>
      {editing !== null && <IdentityProviderForm provider={editing === 'new' ? null : editing} close={() => setEditing(null)} />}
      <Ask
        open={deleting !== null}
        close={() => setDeleting(null)}
        title={t.identityProviders.deleteTitle({ name: deleting?.name ?? '' })}
        confirm={t.identityProviders.deleteConfirm}
        danger
        act={async () => {
          if (deleting === null) return 'done'
          await calls.deleteIdentityProvider(deleting.id)
          await Promise.all([
            queryClient.invalidateQueries(queries.identityProviders),
            queryClient.invalidateQueries(queries.signInProviders),
          ])
          say(t.identityProviders.deleted({ name: deleting.name }))
          return 'done'
        }}
      >
        <p>{t.identityProviders.deleteText}</p>
      </Ask>
    </section>
  )
}
