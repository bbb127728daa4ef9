import { useQuery, useSuspenseQuery } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import { calls } from '../api/calls.ts'
import { queries, queryClient } from '../api/queries.ts'
import { useSpeech } from '../locales/language.tsx'
import { Ask } from '../ui/ask.tsx'
import { Button, IconButton } from '../ui/button.tsx'
import { download } from '../ui/download.ts'
import { Field } from '../ui/field.tsx'
import { focusField } from '../ui/focus-field.ts'
import { icons } from '../ui/icons.tsx'
import { Loaded } from '../ui/loaded.tsx'
import { Moment } from '../ui/moment.tsx'
import { say } from '../ui/notices.tsx'
import { Page } from '../ui/page.tsx'
import { Empty } from '../ui/trouble.tsx'
import { isPublicKey, nameInKey } from './launch-check.ts'

/** Public keys that machines accept. */
export function KeyPairsPage() {
  const { t } = useSpeech()
  const { data: me } = useSuspenseQuery(queries.me)
  const pairs = useQuery(queries.keyPairs)
  const [adding, setAdding] = useState<'import' | 'create' | null>(null)
  const [deleting, setDeleting] = useState<string | null>(null)
  const reason = me.role === 'viewer' ? t.reasons.role : null

  const buttons = (
    <>
      <Button look="primary" reason={reason} onPress={() => setAdding('import')}>
        {t.keyPairs.import}
      </Button>
      <Button reason={reason} onPress={() => setAdding('create')}>
        {t.keyPairs.create}
      </Button>
    </>
  )
  return (
    <Page title={t.keyPairs.title} lead={t.keyPairs.lead} aside={pairs.data && pairs.data.items.length > 0 ? buttons : null}>
      <Loaded query={pairs}>
        {data =>
          data.items.length === 0 ? (
            <Empty title={t.keyPairs.emptyTitle}>
              <p>{t.keyPairs.emptyText}</p>
              <div className="actions">{buttons}</div>
            </Empty>
          ) : (
            <div className="sheet">
              <table className="grid">
                <caption className="unseen">{t.keyPairs.title}</caption>
                <thead>
                  <tr>
                    <th scope="col">{t.keyPairs.name}</th>
                    <th scope="col">{t.keyPairs.type}</th>
                    <th scope="col" className="col-wide">
                      {t.keyPairs.fingerprint}
                    </th>
                    <th scope="col" className="col-created">
                      {t.keyPairs.created}
                    </th>
                    <th scope="col">
                      <span className="unseen">{t.keyPairs.actions}</span>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {data.items.map(pair => (
                    <tr key={pair.id}>
                      <th scope="row">{pair.name}</th>
                      <td>{pair.type}</td>
                      <td className="mono clip col-wide" title={pair.fingerprint}>
                        {pair.fingerprint}
                      </td>
                      <td className="col-created">
                        <Moment at={pair.createdAt} />
                      </td>
                      <td className="end">
                        {reason === null && (
                          <IconButton label={t.keyPairs.delete({ name: pair.name })} onPress={() => setDeleting(pair.name)}>
                            {icons.bin}
                          </IconButton>
                        )}
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )
        }
      </Loaded>
      <AddKey key={adding} way={adding} close={() => setAdding(null)} />
      <Ask
        open={deleting !== null}
        close={() => setDeleting(null)}
        title={t.keyPairs.deleteTitle({ name: deleting ?? '' })}
        confirm={t.keyPairs.deleteConfirm}
        danger
        act={async () => {
          if (deleting === null) return 'done'
          await calls.deleteKeyPair(deleting)
          await queryClient.invalidateQueries(queries.keyPairs)
          say(t.keyPairs.deleted({ name: deleting }))
          return 'done'
        }}
      >
        <p>{t.keyPairs.deleteText}</p>
      </Ask>
    </Page>
  )
}

function AddKey({ way, close }: { way: 'import' | 'create' | null; close: () => void }) {
  const { t } = useSpeech()
  const [name, setName] = useState('')
  const [publicKey, setPublicKey] = useState('')
  const [errors, setErrors] = useState<{ name?: string; publicKey?: string }>({})
  const fields = useRef<HTMLDivElement>(null)

  const act = async (): Promise<'stay' | 'done'> => {
    const wrong = {
      ...(way === 'import' && !isPublicKey(publicKey) ? { publicKey: t.launch.badKey } : {}),
      ...(name.trim() === '' ? { name: t.launch.required } : {}),
    }
    setErrors(wrong)
    const [first] = Object.keys(wrong)
    if (first) {
      focusField(fields.current, first)
      return 'stay'
    }
    const made = await calls.addKeyPair(
      way === 'import' ? { name: name.trim(), publicKey: publicKey.trim() } : { name: name.trim(), type: 'ed25519' },
    )
    if (made.privateKey !== undefined) download(`${made.name}.pem`, made.privateKey)
    await queryClient.invalidateQueries(queries.keyPairs)
    say(made.privateKey === undefined ? t.keyPairs.imported({ name: made.name }) : t.launch.keyMade({ name: made.name }))
    return 'done'
  }

  return (
    <Ask
      open={way !== null}
      close={close}
      title={way === 'create' ? t.keyPairs.create : t.keyPairs.import}
      confirm={way === 'create' ? t.keyPairs.createConfirm : t.keyPairs.import}
      act={act}
    >
      <div ref={fields}>
        {way === 'create' && <p>{t.keyPairs.createText}</p>}
        {way === 'import' && (
          <Field
            name="publicKey"
            label={t.launch.publicKey}
            hint={t.launch.publicKeyHint}
            rows={4}
            mono
            autoFocus
            value={publicKey}
            onChange={text => {
              setPublicKey(text)
              if (name === '') setName(nameInKey(text))
            }}
            error={errors.publicKey ?? null}
          />
        )}
        <Field
          name="name"
          label={t.launch.keyName}
          value={name}
          onChange={setName}
          error={errors.name ?? null}
          autoComplete="off"
          autoFocus={way === 'create'}
        />
      </div>
    </Ask>
  )
}
