import type { MaintenancePlan } from '@sirocco/shared/api/hosts.ts'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { Checkbox } from 'react-aria-components/Checkbox'
import { calls } from '../api/calls.ts'
import { queries } from '../api/queries.ts'
import type { Host } from '../api/types.ts'
import { useSpeech } from '../locales/language.tsx'
import { Ask } from '../ui/ask.tsx'
import { Button } from '../ui/button.tsx'
import { complain, say } from '../ui/notices.tsx'
import { Trouble, Waiting } from '../ui/trouble.tsx'

/** Empties a host, with a look at what that does first, and brings it back. */
export function HostMaintenance({ host, hosts }: { host: Host; hosts: readonly Host[] }) {
  const { t } = useSpeech()
  const client = useQueryClient()
  const [asking, setAsking] = useState(false)
  const [stopRest, setStopRest] = useState(false)
  const [busy, setBusy] = useState(false)
  const changed = () => client.invalidateQueries({ queryKey: queries.hosts.queryKey })

  const begin = async (): Promise<'done'> => {
    await calls.maintain(host.id, stopRest, crypto.randomUUID())
    say(t.maintenance.begun({ host: host.name }))
    await changed()
    return 'done'
  }
  const back = async (): Promise<void> => {
    setBusy(true)
    try {
      await calls.returnHost(host.id, crypto.randomUUID())
      say(t.maintenance.returned({ host: host.name }))
      await changed()
    } catch (refused) {
      complain(refused)
    }
    setBusy(false)
  }

  if (host.maintenance !== 'none')
    return (
      <section className="maintenance">
        <p>{t.maintenance.states[host.maintenance]}</p>
        <Button busy={busy} onPress={() => void back()}>
          {t.maintenance.back}
        </Button>
      </section>
    )
  return (
    <section className="maintenance">
      <Button
        onPress={() => {
          setStopRest(false)
          setAsking(true)
        }}
      >
        {t.maintenance.begin}
      </Button>
      <Ask
        open={asking}
        close={() => setAsking(false)}
        title={t.maintenance.title({ host: host.name })}
        confirm={t.maintenance.confirm}
        act={begin}
      >
        <p>{t.maintenance.text}</p>
        {asking && <Preview host={host} hosts={hosts} stopRest={stopRest} setStopRest={setStopRest} />}
      </Ask>
    </section>
  )
}

function Preview({
  host,
  hosts,
  stopRest,
  setStopRest,
}: {
  host: Host
  hosts: readonly Host[]
  stopRest: boolean
  setStopRest(stop: boolean): void
}) {
  const { t } = useSpeech()
  const plan = useQuery({
    queryKey: ['maintenance', host.id],
    queryFn: () => calls.maintenancePlan(host.id),
    staleTime: 0,
  })
  if (plan.error) return <Trouble problem={plan.error} again={() => void plan.refetch()} />
  if (!plan.data) return <Waiting />
  const { machines } = plan.data
  if (machines.length === 0) return <p>{t.maintenance.none}</p>
  const nameOf = (id: string | null) => hosts.find(one => one.id === id)?.name ?? id ?? ''
  const told = {
    moves: ({ name, target }) => t.maintenance.moves({ machine: name, host: nameOf(target) }),
    moving: ({ name }) => t.maintenance.moving({ machine: name }),
    stays: ({ name }) => t.maintenance.stays({ machine: name }),
    stops: ({ name, why }) => t.maintenance.stops({ machine: name, why: why ?? '' }),
  } satisfies Record<Fate['fate'], (machine: Fate) => string>
  return (
    <>
      <ul>
        {machines.map(machine => (
          <li key={machine.machine}>{told[machine.fate](machine)}</li>
        ))}
      </ul>
      {machines.some(({ fate }) => fate === 'stops') && (
        <Checkbox className="checkbox" isSelected={stopRest} onChange={setStopRest}>
          <span className="box" aria-hidden="true" />
          <span>
            {t.maintenance.stopRest}
            <span className="soft small block">{t.maintenance.stopRestHint}</span>
          </span>
        </Checkbox>
      )}
    </>
  )
}

type Fate = MaintenancePlan['machines'][number]
