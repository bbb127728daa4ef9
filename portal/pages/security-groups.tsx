import { useQuery, useSuspenseQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { calls } from '../api/calls.ts'
import { queries, queryClient } from '../api/queries.ts'
import type { SecurityGroup, SecurityRule } from '../api/types.ts'
import { useSpeech } from '../locales/language.tsx'
import { Ask } from '../ui/ask.tsx'
import { Button, IconButton } from '../ui/button.tsx'
import { Choice } from '../ui/choice.tsx'
import { Field } from '../ui/field.tsx'
import { icons } from '../ui/icons.tsx'
import { Loaded } from '../ui/loaded.tsx'
import { say } from '../ui/notices.tsx'
import { Page } from '../ui/page.tsx'
import { portsOf } from './rule-ports.ts'

const refresh = () => queryClient.invalidateQueries(queries.securityGroups)

/** What machines may be reached by, and what they may reach: each group with its rules. */
export function SecurityGroupsPage() {
  const { t } = useSpeech()
  const { data: me } = useSuspenseQuery(queries.me)
  const groups = useQuery(queries.securityGroups)
  const [adding, setAdding] = useState(false)
  const reason = me.role === 'viewer' ? t.reasons.role : null
  const create = (
    <Button look="primary" reason={reason} onPress={() => setAdding(true)}>
      {t.securityGroups.create}
    </Button>
  )
  return (
    <Page title={t.securityGroups.title} lead={t.securityGroups.lead} aside={create}>
      <Loaded query={groups}>
        {data => data.items.map(group => <Group key={group.id} group={group} all={data.items} mayChange={reason === null} />)}
      </Loaded>
      {adding && <AddGroup close={() => setAdding(false)} />}
    </Page>
  )
}

interface GroupProps {
  readonly group: SecurityGroup
  readonly all: readonly SecurityGroup[]
  readonly mayChange: boolean
}

function Group({ group, all, mayChange }: GroupProps) {
  const { t } = useSpeech()
  const { name } = group
  const [asked, setAsked] = useState<'rule' | 'delete' | SecurityRule | null>(null)
  const close = () => setAsked(null)
  return (
    <section className="sheet">
      <h2>
        {name} {group.isDefault && name !== 'default' && <span className="soft small">{t.securityGroups.isDefault}</span>}
      </h2>
      <p className="soft small">
        {group.description} · {t.securityGroups.members({ ports: group.ports })} · {group.ec2Id}
      </p>
      {group.rules.length === 0 ? (
        <p>{t.securityGroups.noRules}</p>
      ) : (
        <Rules group={group} all={all} remove={mayChange ? setAsked : null} />
      )}
      {mayChange && (
        <div className="actions">
          <Button onPress={() => setAsked('rule')}>{t.securityGroups.addRule}</Button>
          {!group.isDefault && <Button onPress={() => setAsked('delete')}>{t.securityGroups.delete({ name })}</Button>}
        </div>
      )}
      {asked === 'rule' && <AddRule group={group} all={all} close={close} />}
      <Ask
        open={asked === 'delete'}
        close={close}
        title={t.securityGroups.deleteTitle({ name })}
        confirm={t.securityGroups.deleteConfirm}
        danger
        act={async () => {
          await calls.deleteSecurityGroup(group.id)
          await refresh()
          say(t.securityGroups.deleted({ name }))
          return 'done'
        }}
      >
        <p>{t.securityGroups.deleteText}</p>
      </Ask>
      <Ask
        open={asked !== null && typeof asked === 'object'}
        close={close}
        title={t.securityGroups.removeTitle}
        confirm={t.securityGroups.removeConfirm}
        danger
        act={async () => {
          if (asked !== null && typeof asked === 'object') await calls.removeRule(group.id, asked.id)
          await refresh()
          say(t.securityGroups.ruleRemoved({ name }))
          return 'done'
        }}
      >
        <p>{t.securityGroups.removeText}</p>
      </Ask>
    </section>
  )
}

const protocols = ['tcp', 'udp', 'icmp', 'icmpv6', 'all'] as const
type Protocol = (typeof protocols)[number]

function Rules({ group, all, remove }: Pick<GroupProps, 'group' | 'all'> & { remove: ((rule: SecurityRule) => void) | null }) {
  const { t } = useSpeech()
  const protocolWord = (protocol: string) => {
    const known = protocols.find(each => each === protocol)
    return known === undefined ? protocol : t.securityGroups.protocols[known]
  }
  const ports = ({ from, to }: SecurityRule) =>
    from === null ? t.securityGroups.any : to === null || from === to ? `${from}` : `${from}-${to}`
  const other = ({ cidr, group: peer }: SecurityRule) => cidr ?? all.find(({ id }) => id === peer?.id)?.name ?? peer?.ec2Id ?? ''
  return (
    <table className="grid">
      <caption className="unseen">{group.name}</caption>
      <thead>
        <tr>
          <th scope="col">{t.securityGroups.direction}</th>
          <th scope="col">{t.securityGroups.protocol}</th>
          <th scope="col">{t.securityGroups.ports}</th>
          <th scope="col">{t.securityGroups.other}</th>
          <th scope="col">{t.securityGroups.description}</th>
          <th scope="col">
            <span className="unseen">{t.securityGroups.actions}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {group.rules.map(rule => (
          <tr key={rule.id}>
            <td>{t.securityGroups.directions[rule.direction]}</td>
            <td>{protocolWord(rule.protocol)}</td>
            <td>{ports(rule)}</td>
            <td>{other(rule)}</td>
            <td>{rule.description}</td>
            <td className="end">
              {remove && (
                <IconButton
                  label={t.securityGroups.removeRule({ rule: [protocolWord(rule.protocol), ports(rule), other(rule)].join(' ') })}
                  onPress={() => remove(rule)}
                >
                  {icons.bin}
                </IconButton>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function AddGroup({ close }: { close: () => void }) {
  const { t } = useSpeech()
  const [name, setName] = useState('')
  const [description, setDescription] = useState('')
  const [error, setError] = useState<string | null>(null)
  const act = async (): Promise<'stay' | 'done'> => {
    if (name.trim() === '') {
      setError(t.launch.required)
      return 'stay'
    }
    await calls.addSecurityGroup({ name: name.trim(), description: description.trim() })
    await refresh()
    say(t.securityGroups.made({ name: name.trim() }))
    return 'done'
  }
  return (
    <Ask open close={close} title={t.securityGroups.create} confirm={t.securityGroups.create} act={act}>
      <Field name="name" label={t.securityGroups.name} value={name} onChange={setName} error={error} autoFocus />
      <Field name="description" label={t.securityGroups.description} value={description} onChange={setDescription} optional />
    </Ask>
  )
}

function AddRule({ group, all, close }: Pick<GroupProps, 'group' | 'all'> & { close: () => void }) {
  const { t } = useSpeech()
  const [direction, setDirection] = useState<SecurityRule['direction']>('in')
  const [protocol, setProtocol] = useState<Protocol>('tcp')
  const [ports, setPorts] = useState('')
  const [other, setOther] = useState('0.0.0.0/0')
  const [error, setError] = useState<string | null>(null)
  const hasPorts = protocol === 'tcp' || protocol === 'udp'
  const act = async (): Promise<'stay' | 'done'> => {
    const range = hasPorts ? portsOf(ports) : { from: null, to: null }
    if (range === null) {
      setError(t.securityGroups.portsWrong)
      return 'stay'
    }
    const peer = all.find(({ id, ec2Id, name, network }) => network === group.network && [id, ec2Id, name].includes(other.trim()))
    await calls.addRule(group.id, { direction, protocol, ...range, ...(peer ? { group: peer.id } : { cidr: other.trim() }) })
    await refresh()
    say(t.securityGroups.ruleAdded({ name: group.name }))
    return 'done'
  }
  return (
    <Ask open close={close} title={t.securityGroups.addRuleTo({ name: group.name })} confirm={t.securityGroups.addRule} act={act}>
      <Choice<SecurityRule['direction']>
        name="direction"
        label={t.securityGroups.direction}
        value={direction}
        onChange={setDirection}
        options={(['in', 'out'] as const).map(key => ({ key, label: t.securityGroups.directions[key] }))}
      />
      <Choice<Protocol>
        name="protocol"
        label={t.securityGroups.protocol}
        value={protocol}
        onChange={setProtocol}
        options={protocols.map(key => ({ key, label: t.securityGroups.protocols[key] }))}
      />
      {hasPorts && (
        <Field
          name="ports"
          label={t.securityGroups.ports}
          hint={t.securityGroups.portsHint}
          value={ports}
          onChange={setPorts}
          error={error}
        />
      )}
      <Field name="other" label={t.securityGroups.other} hint={t.securityGroups.otherHint} value={other} onChange={setOther} />
    </Ask>
  )
}
