import { type PlacementPolicy, placementPolicies } from '@sirocco/shared/model/placement/policies.ts'
import { useQuery, useSuspenseQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { Checkbox } from 'react-aria-components/Checkbox'
import { calls } from '../api/calls.ts'
import { queries, queryClient } from '../api/queries.ts'
import type { Machine, PlacementGroup } from '../api/types.ts'
import { useRows } from '../live/use-collection.ts'
import { machines } from '../live/world.ts'
import { useSpeech } from '../locales/language.tsx'
import { Ask } from '../ui/ask.tsx'
import { Button, IconButton } from '../ui/button.tsx'
import { Choice, type Option } from '../ui/choice.tsx'
import { Field } from '../ui/field.tsx'
import { icons } from '../ui/icons.tsx'
import { Loaded } from '../ui/loaded.tsx'
import { Moment } from '../ui/moment.tsx'
import { say } from '../ui/notices.tsx'
import { Page } from '../ui/page.tsx'
import { Empty } from '../ui/trouble.tsx'

/** Which machines share a host, and which never do. */
export function PlacementGroupsPage() {
  const { t } = useSpeech()
  const { data: me } = useSuspenseQuery(queries.me)
  const groups = useQuery(queries.placementGroups)
  const [adding, setAdding] = useState(false)
  const reason = me.role === 'viewer' ? t.reasons.role : null
  const create = (
    <Button look="primary" reason={reason} onPress={() => setAdding(true)}>
      {t.groups.create}
    </Button>
  )
  return (
    <Page title={t.groups.title} lead={t.groups.lead} aside={groups.data && groups.data.items.length > 0 ? create : null}>
      <Loaded query={groups}>
        {data =>
          data.items.length === 0 ? (
            <Empty title={t.groups.emptyTitle}>
              <p>{t.groups.emptyText}</p>
              <div className="actions">{create}</div>
            </Empty>
          ) : (
            <List groups={data.items} mayDelete={reason === null} />
          )
        }
      </Loaded>
      {adding && <Add close={() => setAdding(false)} />}
    </Page>
  )
}

function List({ groups, mayDelete }: { groups: readonly PlacementGroup[]; mayDelete: boolean }) {
  const { t } = useSpeech()
  const members = Map.groupBy(useRows(machines), ({ placementGroup }) => placementGroup?.id)
  const [deleting, setDeleting] = useState<PlacementGroup | null>(null)
  const name = deleting?.name ?? ''
  return (
    <div className="sheet">
      <table className="grid">
        <caption className="unseen">{t.groups.title}</caption>
        <thead>
          <tr>
            <th scope="col">{t.groups.name}</th>
            <th scope="col">{t.groups.policy}</th>
            <th scope="col">{t.groups.members}</th>
            <th scope="col" className="col-created">
              {t.groups.created}
            </th>
            <th scope="col">
              <span className="unseen">{t.groups.actions}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {groups.map(group => (
            <tr key={group.id}>
              <th scope="row">{group.name}</th>
              <td>
                {group.strict ? t.launch.policies[group.policy] : t.launch.preferred({ policy: t.launch.policies[group.policy] })}
              </td>
              <td>
                {t.groups.count({ machines: group.machines, hosts: group.hosts })}
                <Members machines={members.get(group.id) ?? []} />
              </td>
              <td className="col-created">
                <Moment at={group.createdAt} />
              </td>
              <td className="end">
                {mayDelete && (
                  <IconButton label={t.groups.delete({ name: group.name })} onPress={() => setDeleting(group)}>
                    {icons.bin}
                  </IconButton>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <Ask
        open={deleting !== null}
        close={() => setDeleting(null)}
        title={t.groups.deleteTitle({ name })}
        confirm={t.groups.deleteConfirm}
        danger
        act={async () => {
          await calls.deletePlacementGroup(name)
          await queryClient.invalidateQueries(queries.placementGroups)
          say(t.groups.deleted({ name }))
          return 'done'
        }}
      >
        <p>{t.groups.deleteText}</p>
      </Ask>
    </div>
  )
}

/** So many are named; the list of machines has all. */
const shown = 8

const Members = ({ machines: all }: { machines: readonly Machine[] }) =>
  all.length === 0 ? null : (
    <span className="block small">
      {all.slice(0, shown).map(({ id, name, ec2Id }, i) => (
        <span key={id}>
          {i > 0 && ', '}
          <Link to="/machines/$machine" params={{ machine: id }}>
            {name || ec2Id}
          </Link>
        </span>
      ))}
      {all.length > shown && ' …'}
    </span>
  )

function Add({ close }: { close: () => void }) {
  const { t } = useSpeech()
  const [name, setName] = useState('')
  const [policy, setPolicy] = useState<PlacementPolicy>('anti-affinity')
  const [strict, setStrict] = useState(true)
  const [error, setError] = useState<string | null>(null)
  const act = async (): Promise<'stay' | 'done'> => {
    if (name.trim() === '') {
      setError(t.launch.required)
      return 'stay'
    }
    await calls.addPlacementGroup({ name: name.trim(), policy, strict })
    await queryClient.invalidateQueries(queries.placementGroups)
    say(t.groups.made({ name: name.trim() }))
    return 'done'
  }
  return (
    <Ask open close={close} title={t.groups.create} confirm={t.groups.create} act={act}>
      <Field name="name" label={t.groups.name} value={name} onChange={setName} error={error} autoFocus />
      <Choice
        name="policy"
        label={t.groups.policy}
        value={policy}
        onChange={key => setPolicy(key)}
        options={placementPolicies.map((key): Option<PlacementPolicy> => ({ key, label: t.launch.policies[key] }))}
      />
      <Checkbox className="checkbox" isSelected={strict} onChange={setStrict}>
        <span className="box" aria-hidden="true" />
        <span>
          {t.groups.strict}
          <span className="soft small block">{t.groups.strictHint}</span>
        </span>
      </Checkbox>
    </Ask>
  )
}
