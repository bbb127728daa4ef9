import { useQuery, useSuspenseQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Label } from 'react-aria-components/Label'
import { Meter } from 'react-aria-components/Meter'
import { queries } from '../api/queries.ts'
import type { Host } from '../api/types.ts'
import { useSpeech } from '../locales/language.tsx'
import { Button } from '../ui/button.tsx'
import { Moment, useNow } from '../ui/moment.tsx'
import { Page } from '../ui/page.tsx'
import { Empty, Trouble, Waiting } from '../ui/trouble.tsx'
import { ChangeHost } from './change-host.tsx'
import { textOfTags } from './host-check.ts'
import { AddHost, HostVerbs } from './host-lifecycle.tsx'
import { HostMaintenance } from './host-maintenance.tsx'
import { HostOrphans } from './host-orphans.tsx'
import { AgentAge, UpgradeAgent, UpgradeAgents } from './host-upgrade.tsx'
import { UsageCharts } from './usage.tsx'

/** Where machines run; for administrators. */
export function HostsPage() {
  const { t } = useSpeech()
  const { data: me } = useSuspenseQuery(queries.me)
  return (
    <Page title={t.hosts.title} lead={t.hosts.lead} aside={me.role === 'admin' && <AddHost />}>
      {me.role === 'admin' ? (
        <Hosts />
      ) : (
        <Empty title={t.hosts.denied}>
          <p>{t.hosts.deniedText}</p>
        </Empty>
      )}
    </Page>
  )
}

/** ms. What happens to hosts is no project's event: the feed does not tell it, so this page alone asks again and again. */
const again = 10_000

function Hosts() {
  const { t } = useSpeech()
  const hosts = useQuery({ ...queries.hosts, refetchInterval: again })
  if (hosts.error) return <Trouble problem={hosts.error} again={() => void hosts.refetch()} />
  if (!hosts.data) return <Waiting />
  if (hosts.data.items.length === 0)
    return (
      <Empty title={t.hosts.emptyTitle}>
        <p>{t.hosts.emptyText}</p>
      </Empty>
    )
  return (
    <div className="hosts">
      <UpgradeAgents hosts={hosts.data.items} />
      {hosts.data.items.map(host => (
        <HostCard key={host.id} host={host} hosts={hosts.data.items} />
      ))}
    </div>
  )
}

function HostCard({ host, hosts }: { host: Host; hosts: readonly Host[] }) {
  const { t, format } = useSpeech()
  const [changing, setChanging] = useState(false)
  const known = (text: string | null): string => (text === null || text === '' ? t.common.unknown : text)
  return (
    <article className="card host" aria-labelledby={`host-${host.id}`}>
      <header className="host-head">
        <h2 id={`host-${host.id}`}>{host.name}</h2>
        <HostState host={host} />
        <Button onPress={() => setChanging(true)} aria-label={t.hosts.changeOf({ name: host.name })}>
          {t.hosts.change}
        </Button>
      </header>
      {changing && <ChangeHost host={host} close={() => setChanging(false)} />}
      <div className="meters">
        <Use word={t.hosts.vcpus} used={host.used.vcpus} all={host.capacity.vcpus} write={format.number} />
        <Use word={t.hosts.memory} used={host.used.memoryMiB} all={host.capacity.memoryMiB} write={format.mib} />
        <Use word={t.hosts.disk} used={host.used.diskMiB} all={host.capacity.diskMiB} write={format.mib} />
      </div>
      <dl className="facts">
        <dt>{t.hosts.machines}</dt>
        <dd>{format.number(host.machines)}</dd>
        <dt>{t.hosts.hypervisor}</dt>
        <dd>{[known(host.hypervisor), host.hypervisorVersion].filter(Boolean).join(' ')}</dd>
        <dt>{t.hosts.acceleration}</dt>
        <dd>{host.acceleration === null ? t.common.unknown : t.hosts.accelerations[host.acceleration]}</dd>
        <dt>{t.hosts.architecture}</dt>
        <dd>{known(host.architecture)}</dd>
        <dt>{t.hosts.agent}</dt>
        <dd>
          <AgentAge host={host} />
        </dd>
        <dt>{t.hosts.zone}</dt>
        <dd>{host.zone}</dd>
        <dt>{t.hosts.ratios}</dt>
        <dd>
          {t.hosts.ratiosOf({
            cpu: format.number(host.cpuRatio),
            memory: format.number(host.memoryRatio),
            disk: format.number(host.diskRatio),
          })}
        </dd>
        <dt>{t.hosts.tags}</dt>
        <dd>{textOfTags(host.tags).replaceAll('\n', ', ') || t.hosts.noTags}</dd>
        <dt>{t.hosts.lastSeen}</dt>
        <dd>
          {host.state === 'up' ? t.hosts.seenLately : host.seenAt === null ? t.common.unknown : <Moment at={host.seenAt} />}
        </dd>
      </dl>
      <Usage host={host} />
      <UpgradeAgent host={host} />
      <HostMaintenance host={host} hosts={hosts} />
      {host.warnings.length > 0 && (
        <section className="warn">
          <h3>{t.hosts.warnings}</h3>
          <ul>
            {host.warnings.map(warning => (
              <li key={warning}>{warning}</li>
            ))}
          </ul>
        </section>
      )}
      <HostOrphans host={host} />
      <HostVerbs host={host} />
    </article>
  )
}

/** Asked of the host only while it is open. */
function Usage({ host }: { host: Host }) {
  const { t } = useSpeech()
  const [open, setOpen] = useState(false)
  return (
    <details onToggle={event => setOpen(event.currentTarget.open)}>
      <summary className="host-usage-word">{t.usage.title}</summary>
      {open && <UsageCharts of="hosts" id={host.id} cores={1} memoryMiB={host.capacity.memoryMiB} />}
    </details>
  )
}

function HostState({ host }: { host: Host }) {
  const { t, format } = useSpeech()
  const now = useNow()
  const [look, word] =
    host.state === 'silent'
      ? (['failed', host.fenced ? t.hosts.fenced : t.hosts.silent] as const)
      : host.state === 'new'
        ? (['creating', t.hosts.waiting] as const)
        : host.accepting
          ? (['running', t.hosts.up] as const)
          : (['stopped', t.hosts.closed] as const)
  const since = host.silentSince === null ? null : Date.parse(host.silentSince)
  return (
    <span className={`state ${look}`}>
      <svg viewBox="0 0 12 12" aria-hidden="true" focusable="false">
        {look === 'running' ? (
          <circle cx="6" cy="6" r="4.5" className="fill" />
        ) : look === 'failed' ? (
          <path d="m2.8 2.8 6.4 6.4M9.2 2.8 2.8 9.2" />
        ) : (
          <circle cx="6" cy="6" r="3.8" />
        )}
      </svg>
      {word}
      {since !== null && (
        <span className="soft small"> {t.hosts.silentSince({ since: format.ago(since, Math.max(now, since)) })}</span>
      )}
    </span>
  )
}

/** From this share on a resource is nearly used up. */
const nearlyFull = 0.9

function Use({ word, used, all, write }: { word: string; used: number; all: number; write: (value: number) => string }) {
  const { t } = useSpeech()
  const text = t.hosts.usedOf({ used: write(used), all: write(all) })
  const share = all > 0 ? Math.min(1, used / all) : 0
  return (
    <Meter className="meter" value={used} maxValue={Math.max(all, 1)} valueLabel={text}>
      <Label className="meter-word">{word}</Label>
      <span className="meter-text">{text}</span>
      <span className="meter-bar">
        <span className={share >= nearlyFull ? 'meter-fill full' : 'meter-fill'} style={{ width: `${share * 100}%` }} />
      </span>
    </Meter>
  )
}
