import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { calls } from '../api/calls.ts'
import { queries, queryClient } from '../api/queries.ts'
import type { Passkey } from '../api/types.ts'
import { useSpeech } from '../locales/language.tsx'
import { Ask } from '../ui/ask.tsx'
import { Button, IconButton } from '../ui/button.tsx'
import { Field } from '../ui/field.tsx'
import { icons } from '../ui/icons.tsx'
import { Loaded } from '../ui/loaded.tsx'
import { Moment } from '../ui/moment.tsx'
import { say } from '../ui/notices.tsx'

const refresh = () => queryClient.invalidateQueries(queries.passkeys)

/** Keys that devices keep, and that sign in without a password. */
export function Passkeys() {
  const { t } = useSpeech()
  const passkeys = useQuery(queries.passkeys)
  const [naming, setNaming] = useState<Passkey | 'new' | null>(null)
  const [removing, setRemoving] = useState<Passkey | null>(null)
  return (
    <>
      <h3>{t.passkeys.title}</h3>
      <p className="soft">{t.passkeys.lead}</p>
      <Loaded query={passkeys}>
        {data => (
          <ul className="passkeys" aria-label={t.passkeys.title}>
            {data.items.map(passkey => (
              <li key={passkey.id}>
                <span>
                  <strong>{passkey.name}</strong>
                  <br />
                  <span className="soft small">
                    {passkey.lastUsedAt === null ? t.passkeys.unused : t.passkeys.used}{' '}
                    {passkey.lastUsedAt !== null && <Moment at={passkey.lastUsedAt} />}
                  </span>
                </span>
                <span className="actions">
                  <Button look="quiet" onPress={() => setNaming(passkey)}>
                    {t.passkeys.rename}
                  </Button>
                  <IconButton label={t.passkeys.remove({ name: passkey.name })} onPress={() => setRemoving(passkey)}>
                    {icons.bin}
                  </IconButton>
                </span>
              </li>
            ))}
          </ul>
        )}
      </Loaded>
      <div className="actions">
        <Button onPress={() => setNaming('new')}>{t.passkeys.add}</Button>
      </div>
      {naming !== null && <NamePasskey passkey={naming === 'new' ? null : naming} close={() => setNaming(null)} />}
      <Ask
        open={removing !== null}
        close={() => setRemoving(null)}
        title={t.passkeys.removeTitle({ name: removing?.name ?? '' })}
        confirm={t.passkeys.removeConfirm}
        danger
        act={async () => {
          if (removing === null) return 'done'
          await calls.removePasskey(removing.id)
          await refresh()
          say(t.passkeys.removed({ name: removing.name }))
          return 'done'
        }}
      >
        <p>{t.passkeys.removeText}</p>
      </Ask>
    </>
  )
}

/** Another name for one, or (null) the name of a new one, which the browser then makes. */
function NamePasskey({ passkey, close }: { readonly passkey: Passkey | null; close(): void }) {
  const { t } = useSpeech()
  const [name, setName] = useState(passkey?.name ?? '')
  const [missing, setMissing] = useState(false)
  return (
    <Ask
      open
      close={close}
      title={passkey ? t.passkeys.rename : t.passkeys.add}
      confirm={passkey ? t.passkeys.rename : t.passkeys.add}
      act={async () => {
        setMissing(name.trim() === '')
        if (name.trim() === '') return 'stay'
        if (passkey) await calls.renamePasskey(passkey.id, name.trim())
        else {
          const { makePasskey } = await import('./passkey-ceremonies.ts')
          await makePasskey(name.trim(), t.passkeys.unwilling)
        }
        await refresh()
        return 'done'
      }}
    >
      <Field
        name="name"
        label={t.passkeys.name}
        hint={t.passkeys.nameHint}
        value={name}
        onChange={setName}
        autoComplete="off"
        autoFocus
        error={missing ? t.launch.required : null}
      />
    </Ask>
  )
}
