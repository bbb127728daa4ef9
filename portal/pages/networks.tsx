import { useQuery, useSuspenseQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { calls } from '../api/calls.ts'
import { Problem } from '../api/problem.ts'
import { queries, queryClient } from '../api/queries.ts'
import type { Network } from '../api/types.ts'
import { useSpeech } from '../locales/language.tsx'
import { Ask } from '../ui/ask.tsx'
import { Button, IconButton } from '../ui/button.tsx'
import { Choice } from '../ui/choice.tsx'
import { Field } from '../ui/field.tsx'
import { icons } from '../ui/icons.tsx'
import { Loaded } from '../ui/loaded.tsx'
import { say } from '../ui/notices.tsx'
import { Page } from '../ui/page.tsx'
import { Empty } from '../ui/trouble.tsx'
import { firstSubnet, isRange } from './network-range.ts'

/** Networks of the project: the default ones, and those that people made. */
export function NetworksPage() {
  const { t } = useSpeech()
  const { data: me } = useSuspenseQuery(queries.me)
  const networks = useQuery(queries.networks)
  const [adding, setAdding] = useState(false)
  const reason = me.role === 'viewer' ? t.reasons.role : null
  const create = (
    <Button look="primary" reason={reason} onPress={() => setAdding(true)}>
      {t.networks.create}
    </Button>
  )
  return (
    <Page title={t.networks.title} lead={t.networks.lead} aside={networks.data && networks.data.items.length > 0 ? create : null}>
      <Loaded query={networks}>
        {data =>
          data.items.length === 0 ? (
            <Empty title={t.networks.emptyTitle}>
              <p>{t.networks.emptyText}</p>
              <div className="actions">{create}</div>
            </Empty>
          ) : (
            <List networks={data.items} mayDelete={reason === null} />
          )
        }
      </Loaded>
      {adding && <Add close={() => setAdding(false)} />}
    </Page>
  )
}

function List({ networks, mayDelete }: { networks: readonly Network[]; mayDelete: boolean }) {
  const { t } = useSpeech()
  const [deleting, setDeleting] = useState<Network | null>(null)
  const name = deleting?.name ?? ''
  return (
    <div className="sheet">
      <table className="grid">
        <caption className="unseen">{t.networks.title}</caption>
        <thead>
          <tr>
            <th scope="col">{t.networks.name}</th>
            <th scope="col">{t.networks.range}</th>
            <th scope="col">{t.networks.subnets}</th>
            <th scope="col">
              <span className="unseen">{t.networks.actions}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {networks.map(network => (
            <tr key={network.id}>
              <th scope="row">
                {network.name}
                <span className="block small soft mono">{network.ec2Id}</span>
              </th>
              <td>{network.cidr ?? t.networks.standard}</td>
              <td>
                {network.subnets.map(({ id, ec2Id, cidr, zone }) => (
                  <span key={id} className="block">
                    {cidr} · {zone} <span className="small soft mono">{ec2Id}</span>
                  </span>
                ))}
              </td>
              <td className="end">
                {mayDelete && !network.isDefault && (
                  <IconButton label={t.networks.delete({ name: network.name })} onPress={() => setDeleting(network)}>
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
        title={t.networks.deleteTitle({ name })}
        confirm={t.networks.deleteConfirm}
        danger
        act={async () => {
          await calls.deleteNetwork(deleting?.id ?? '')
          await queryClient.invalidateQueries(queries.networks)
          await queryClient.invalidateQueries(queries.securityGroups)
          say(t.networks.deleted({ name }))
          return 'done'
        }}
      >
        <p>{t.networks.deleteText}</p>
      </Ask>
    </div>
  )
}

type Errors = Partial<Record<'name' | 'cidr' | 'subnet', string>>

function Add({ close }: { close: () => void }) {
  const { t } = useSpeech()
  const regions = useQuery(queries.regions)
  const zones = (regions.data?.items ?? []).flatMap(region =>
    region.zones.map(({ name }) => ({ key: name, label: name, detail: region.name })),
  )
  const [name, setName] = useState('')
  const [cidr, setCidr] = useState('10.0.0.0/16')
  const [subnet, setSubnet] = useState<string | null>(null)
  const [zone, setZone] = useState<string | null>(null)
  const [errors, setErrors] = useState<Errors>({})
  const chosen = zone ?? zones[0]?.key
  const inner = subnet ?? firstSubnet(cidr)
  const act = async (): Promise<'stay' | 'done'> => {
    const wrong: Errors = {
      ...(isRange(cidr.trim()) ? {} : { cidr: t.networks.badRange }),
      ...(isRange(inner.trim()) ? {} : { subnet: t.networks.badRange }),
    }
    setErrors(wrong)
    if (Object.keys(wrong).length > 0) return 'stay'
    const where = chosen === undefined ? {} : { zone: chosen }
    try {
      await calls.addNetwork({
        ...(name.trim() === '' ? {} : { name: name.trim() }),
        cidr: cidr.trim(),
        ...where,
        subnets: [{ cidr: inner.trim(), ...where }],
      })
    } catch (refused) {
      if (!(refused instanceof Problem)) throw refused
      const field = refused.field === 'subnets' ? 'subnet' : refused.field === 'cidr' ? 'cidr' : null
      if (field === null) throw refused
      setErrors({ [field]: refused.message })
      return 'stay'
    }
    await queryClient.invalidateQueries(queries.networks)
    say(t.networks.made({ name: name.trim() || cidr.trim() }))
    return 'done'
  }
  return (
    <Ask open close={close} title={t.networks.create} confirm={t.networks.create} act={act}>
      <Field name="name" label={t.networks.name} value={name} onChange={setName} error={errors.name ?? null} optional autoFocus />
      <Field
        name="cidr"
        label={t.networks.range}
        hint={t.networks.rangeHint}
        value={cidr}
        onChange={setCidr}
        error={errors.cidr ?? null}
        mono
      />
      <Field
        name="subnet"
        label={t.networks.firstSubnet}
        hint={t.networks.firstSubnetHint}
        value={inner}
        onChange={setSubnet}
        error={errors.subnet ?? null}
        mono
      />
      {zones.length > 1 && (
        <Choice name="zone" label={t.networks.zone} value={chosen ?? null} onChange={key => setZone(key)} options={zones} />
      )}
    </Ask>
  )
}
