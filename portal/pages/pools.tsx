import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { calls } from '../api/calls.ts'
import { queries, queryClient } from '../api/queries.ts'
import type { Pool } from '../api/types.ts'
import { useSpeech } from '../locales/language.tsx'
import { Ask } from '../ui/ask.tsx'
import { Button, IconButton } from '../ui/button.tsx'
import { Field } from '../ui/field.tsx'
import { icons } from '../ui/icons.tsx'
import { Moment } from '../ui/moment.tsx'
import { say } from '../ui/notices.tsx'
import { Page } from '../ui/page.tsx'
import { Radios } from '../ui/radios.tsx'
import { Trouble, Waiting } from '../ui/trouble.tsx'

const reload = () => queryClient.invalidateQueries(queries.pools)

/** Where volumes lie; for admins. */
export function PoolsPage() {
  const { t } = useSpeech()
  const pools = useQuery(queries.pools)
  const [adding, setAdding] = useState(false)
  const create = (
    <Button look="primary" onPress={() => setAdding(true)}>
      {t.pools.create}
    </Button>
  )
  return (
    <Page title={t.pools.title} lead={t.pools.lead} aside={create}>
      {pools.error ? (
        <Trouble problem={pools.error} again={() => void pools.refetch()} />
      ) : pools.data ? (
        <List pools={pools.data.items} />
      ) : (
        <Waiting />
      )}
      {adding && <Add close={() => setAdding(false)} />}
    </Page>
  )
}

function List({ pools }: { pools: readonly Pool[] }) {
  const { t } = useSpeech()
  const [deleting, setDeleting] = useState<Pool | null>(null)
  const name = deleting?.name ?? ''
  const prefer = async (pool: Pool) => {
    await calls.preferPool(pool.id)
    await reload()
    say(t.pools.preferred({ name: pool.name }))
  }
  return (
    <div className="sheet">
      <table className="grid">
        <caption className="unseen">{t.pools.title}</caption>
        <thead>
          <tr>
            <th scope="col">{t.pools.name}</th>
            <th scope="col">{t.pools.zone}</th>
            <th scope="col" className="col-created">
              {t.pools.created}
            </th>
            <th scope="col">
              <span className="unseen">{t.pools.actions}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {pools.map(pool => (
            <tr key={pool.id}>
              <th scope="row">
                {pool.name}
                {pool.type === 'nfs' && <span className="soft small block">{t.pools.types.nfs}</span>}
                {pool.isDefault && <span className="soft small block">{t.pools.standard}</span>}
              </th>
              <td>{pool.zone}</td>
              <td className="col-created">
                <Moment at={pool.createdAt} />
              </td>
              <td className="end">
                {!pool.isDefault && (
                  <>
                    <Button onPress={() => void prefer(pool)}>{t.pools.prefer}</Button>
                    <IconButton label={t.pools.delete({ name: pool.name })} onPress={() => setDeleting(pool)}>
                      {icons.bin}
                    </IconButton>
                  </>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <Ask
        open={deleting !== null}
        close={() => setDeleting(null)}
        title={t.pools.deleteTitle({ name })}
        confirm={t.pools.deleteConfirm}
        danger
        act={async () => {
          await calls.deletePool(deleting?.id ?? '')
          await reload()
          say(t.pools.deleted({ name }))
          return 'done'
        }}
      >
        <p>{t.pools.deleteText}</p>
      </Ask>
    </div>
  )
}

function Add({ close }: { close: () => void }) {
  const { t } = useSpeech()
  const [name, setName] = useState('')
  const [path, setPath] = useState('')
  const [type, setType] = useState<Pool['type']>('directory')
  const [missing, setMissing] = useState<'name' | 'path' | null>(null)
  const error = (field: 'name' | 'path') => (missing === field ? t.launch.required : null)
  const act = async (): Promise<'stay' | 'done'> => {
    const pool = { name: name.trim(), path: path.trim(), type }
    if (pool.name === '' || pool.path === '') {
      setMissing(pool.name === '' ? 'name' : 'path')
      return 'stay'
    }
    const { id } = await calls.addPool(pool)
    await reload()
    say(type === 'nfs' ? t.pools.mark({ id, path: pool.path }) : t.pools.made({ name: pool.name }))
    return 'done'
  }
  return (
    <Ask open close={close} title={t.pools.create} confirm={t.pools.create} act={act}>
      <Field
        name="name"
        label={t.pools.name}
        hint={t.pools.nameHint}
        value={name}
        onChange={setName}
        error={error('name')}
        autoFocus
      />
      <Radios<Pool['type']>
        label={t.pools.type}
        options={[
          { key: 'directory', label: t.pools.types.directory },
          { key: 'nfs', label: t.pools.types.nfs },
        ]}
        value={type}
        onChange={setType}
      />
      <Field name="path" label={t.pools.path} hint={t.pools.pathHint} value={path} onChange={setPath} error={error('path')} />
    </Ask>
  )
}
