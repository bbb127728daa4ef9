import { useQuery, useSuspenseQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { Checkbox } from 'react-aria-components/Checkbox'
import { calls } from '../api/calls.ts'
import { queries, queryClient } from '../api/queries.ts'
import type { Machine } from '../api/types.ts'
import { useSpeech } from '../locales/language.tsx'
import { Ask } from '../ui/ask.tsx'
import { Button } from '../ui/button.tsx'
import { Choice } from '../ui/choice.tsx'
import { say } from '../ui/notices.tsx'

interface SecurityGroupChoiceProps {
  /** By EC2's id; empty: one of a default network. */
  readonly subnet: string
  readonly value: string
  readonly onChange: (group: string) => void
}

/** Which security group of its network a new machine is in; nothing where there is only the default one. */
export function SecurityGroupChoice({ subnet, value, onChange }: SecurityGroupChoiceProps) {
  const { t } = useSpeech()
  const { data } = useQuery(queries.securityGroups)
  const { data: networks } = useQuery(queries.networks)
  const made = networks?.items.filter(({ isDefault }) => !isDefault) ?? []
  const chosen = made.find(({ subnets }) => subnets.some(({ ec2Id }) => ec2Id === subnet))
  const others = (data?.items ?? []).filter(
    ({ isDefault, network }) => !isDefault && (chosen ? network === chosen.id : made.every(({ id }) => id !== network)),
  )
  if (others.length === 0) return null
  return (
    <Choice
      name="securityGroup"
      label={t.securityGroups.atLaunch}
      hint={t.securityGroups.atLaunchHint}
      options={[
        { key: '', label: t.securityGroups.standard },
        ...others.map(({ ec2Id, name, description }) => ({ key: ec2Id, label: name, detail: description })),
      ]}
      value={value}
      onChange={onChange}
    />
  )
}

/** The security groups of a machine, and the way to others. */
export function MachineGroups({ machine }: { machine: Machine }) {
  const { t } = useSpeech()
  const { data: me } = useSuspenseQuery(queries.me)
  const [changing, setChanging] = useState(false)
  const groups = machine.ports[0]?.groups ?? []
  return (
    <>
      {groups.length > 0 && <Link to="/security-groups">{groups.map(({ name }) => name).join(', ')}</Link>}{' '}
      <Button reason={me.role === 'viewer' ? t.reasons.role : null} onPress={() => setChanging(true)}>
        {t.securityGroups.change}
      </Button>
      {changing && <Change machine={machine} own={groups.map(({ id }) => id)} close={() => setChanging(false)} />}
    </>
  )
}

function Change({ machine, own, close }: { machine: Machine; own: readonly string[]; close: () => void }) {
  const { t } = useSpeech()
  const { data } = useQuery(queries.securityGroups)
  const [chosen, setChosen] = useState(new Set(own))
  const [error, setError] = useState<string | null>(null)
  const network = machine.ports[0]?.network
  const act = async (): Promise<'stay' | 'done'> => {
    if (chosen.size === 0) {
      setError(t.securityGroups.atLeastOne)
      return 'stay'
    }
    await calls.setGroups(machine.id, [...chosen])
    await queryClient.invalidateQueries(queries.securityGroups)
    say(t.securityGroups.changed)
    return 'done'
  }
  return (
    <Ask open close={close} title={t.securityGroups.changeTitle} confirm={t.securityGroups.change} act={act}>
      {(data?.items ?? [])
        .filter(group => group.network === network)
        .map(({ id, name, description }) => (
          <Checkbox
            key={id}
            className="checkbox"
            isSelected={chosen.has(id)}
            onChange={on => {
              const next = new Set(chosen)
              if (on) next.add(id)
              else next.delete(id)
              setChosen(next)
              setError(null)
            }}
          >
            <span className="box" aria-hidden="true" />
            <span>
              {name}
              <span className="soft small block">{description}</span>
            </span>
          </Checkbox>
        ))}
      <p className="soft small">{error ?? t.securityGroups.changeHint}</p>
    </Ask>
  )
}
