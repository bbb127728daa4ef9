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
import { Loaded } from '../ui/loaded.tsx'
import { Moment } from '../ui/moment.tsx'
import { say } from '../ui/notices.tsx'
import { Page } from '../ui/page.tsx'
import { Radios } from '../ui/radios.tsx'

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
      <Loaded query={pools}>{data => <List pools={data.items} />}</Loaded>
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
                {pool.type !== 'directory' && <span className="soft small block">{t.pools.types[pool.type]}</span>}
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

const parts = ['name', 'path', 'monitors', 'user', 'key'] as const
type Part = (typeof parts)[number]
const empty: Readonly<Record<Part, string>> = { name: '', path: '', monitors: '', user: '', key: '' }

function Add({ close }: { close: () => void }) {
  const { t } = useSpeech()
  const [typed, setTyped] = useState(empty)
  const [type, setType] = useState<Pool['type']>('directory')
  const [missing, setMissing] = useState<Part | null>(null)
  const inCeph = type === 'rbd'
  const act = async (): Promise<'stay' | 'done'> => {
    const left = parts.find(part => (inCeph || part === 'name' || part === 'path') && typed[part].trim() === '')
    if (left) {
      setMissing(left)
      return 'stay'
    }
    const { name, path, monitors, user, key } = typed
    const { id } = await calls.addPool({
      ...{ name: name.trim(), path: path.trim(), type },
      ...(inCeph ? { ceph: { monitors: monitors.split(',').map(one => one.trim()), user: user.trim(), key: key.trim() } } : {}),
    })
    await reload()
    say(type === 'nfs' ? t.pools.mark({ id, path: path.trim() }) : t.pools.made({ name: name.trim() }))
    return 'done'
  }
  const field = (part: Part, label: string, hint: string, more: { autoFocus?: true; type?: 'password' } = {}) => (
    <Field
      name={part}
      label={label}
      hint={hint}
      value={typed[part]}
      onChange={text => setTyped({ ...typed, [part]: text })}
      error={missing === part ? t.launch.required : null}
      {...more}
    />
  )
  return (
    <Ask open close={close} title={t.pools.create} confirm={t.pools.create} act={act}>
      {field('name', t.pools.name, t.pools.nameHint, { autoFocus: true })}
      <Radios<Pool['type']>
        label={t.pools.type}
        options={[
          { key: 'directory', label: t.pools.types.directory },
          { key: 'nfs', label: t.pools.types.nfs },
          { key: 'rbd', label: t.pools.types.rbd },
        ]}
        value={type}
        onChange={setType}
      />
      {inCeph ? (
        <>
          {field('path', t.pools.cephPool, t.pools.cephPoolHint)}
          {field('monitors', t.pools.monitors, t.pools.monitorsHint)}
          {field('user', t.pools.user, t.pools.userHint)}
          {field('key', t.pools.key, t.pools.keyHint, { type: 'password' })}
        </>
      ) : (
        field('path', t.pools.path, t.pools.pathHint)
      )}
    </Ask>
  )
}
