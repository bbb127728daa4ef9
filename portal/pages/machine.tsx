import { useQuery, useSuspenseQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { lazy, type ReactNode, Suspense, useEffect, useState } from 'react'
import { Tab, TabList, TabPanel, Tabs } from 'react-aria-components/Tabs'
import { calls } from '../api/calls.ts'
import { Problem } from '../api/problem.ts'
import { queries } from '../api/queries.ts'
import type { Machine } from '../api/types.ts'
import { useRow } from '../live/use-collection.ts'
import { machines } from '../live/world.ts'
import { useSpeech } from '../locales/language.tsx'
import { told } from '../locales/told.ts'
import { Button } from '../ui/button.tsx'
import { Copyable } from '../ui/copy.tsx'
import { icons } from '../ui/icons.tsx'
import { StateMark } from '../ui/machine-state.tsx'
import { Moment } from '../ui/moment.tsx'
import { Page } from '../ui/page.tsx'
import { Empty, Trouble, Waiting } from '../ui/trouble.tsx'
import { Rebuild, Rescue } from './machine-boot.tsx'
import { Keep, Protection, Rename, Resize } from './machine-changes.tsx'
import { MachineGroups } from './machine-groups.tsx'
import { Inside } from './machine-guest.tsx'
import { Actions } from './machine-verbs.tsx'
import { plainText } from './plain-text.ts'
import { type MachineTab, machineTabs } from './routes.tsx'
import { Timeline } from './timeline-list.tsx'
import { UsageCharts } from './usage.tsx'

const MachineScreen = lazy(() => import('../screen/screen.tsx').then(module => ({ default: module.MachineScreen })))
const SerialConsole = lazy(() => import('../console/console.tsx').then(module => ({ default: module.SerialConsole })))

/** One machine: what it is, what happened to it, and what can be done with it. */
export function MachinePage() {
  const { t } = useSpeech()
  const { machine: id } = useParams({ from: '/shell/machines/$machine' })
  const row = useRow(machines, id)
  // A page opened by a link comes before the list, or shows a machine that the list does not hold.
  const { error, refetch, data } = useQuery({
    queryKey: ['machine', id],
    queryFn: async () => {
      const machine = await calls.machine(id)
      machines.put([machine])
      return machine
    },
  })
  const [last, setLast] = useState<Machine | null>(null)
  useEffect(() => {
    if (row) setLast(row)
  }, [row])

  const machine = row ?? null
  if (machine) return <Loaded key={machine.id} machine={machine} />
  const gone = (error instanceof Problem && error.code === 'not_found') || (last !== null && last.id === id) || data?.id === id
  return (
    <Page title={t.nav.machines} above={<Back />}>
      {gone ? (
        <Empty title={t.machine.goneTitle}>
          <p>{t.machine.goneText}</p>
        </Empty>
      ) : error ? (
        <Trouble problem={error} again={() => void refetch()} />
      ) : (
        <Waiting />
      )}
    </Page>
  )
}

const Back = () => {
  const { t } = useSpeech()
  return (
    <Link to="/machines" className="back">
      {icons.back}
      {t.common.back}
    </Link>
  )
}

function Loaded({ machine }: { machine: Machine }) {
  const { t } = useSpeech()
  const { data: me } = useSuspenseQuery(queries.me)
  const { tab = 'overview' } = useSearch({ from: '/shell/machines/$machine' })
  const navigate = useNavigate({ from: '/machines/$machine' })
  const words: Record<MachineTab, string> = {
    overview: t.machine.overview,
    usage: t.usage.title,
    console: t.machine.console,
    screen: t.machine.screen,
    log: t.machine.log,
  }
  const name = nameOf(machine)
  return (
    <Page title={name} above={<Back />} aside={<Actions machine={machine} role={me.role} />}>
      <p className="machine-state" aria-live="polite">
        <StateMark state={machine.state} />
        {machine.progress && <span className="soft">{machine.progress}</span>}
        {machine.stateReason && <span className="state-reason">{told(t, machine.stateReason)}</span>}
      </p>
      <Tabs
        className="tabs"
        selectedKey={tab}
        onSelectionChange={key => {
          const next = machineTabs.find(each => each === key)
          if (next) void navigate({ search: next === 'overview' ? {} : { tab: next }, replace: true })
        }}
      >
        <TabList aria-label={t.machine.sections} className="tab-list">
          {machineTabs.map(each => (
            <Tab key={each} id={each} className="tab">
              {words[each]}
            </Tab>
          ))}
        </TabList>
        <TabPanel id="overview" className="tab-panel overview">
          <Facts machine={machine} role={me.role} />
          <Inside machine={machine} />
          <Timeline machine={machine.id} />
        </TabPanel>
        <TabPanel id="usage" className="tab-panel">
          <UsageCharts of="machines" id={machine.id} cores={machine.flavor.vcpus} memoryMiB={machine.flavor.memoryMiB} />
        </TabPanel>
        <TabPanel id="console" className="tab-panel">
          {machine.state === 'running' || machine.state === 'stopping' ? (
            <Suspense fallback={<Waiting />}>
              <SerialConsole machine={machine.id} name={name} />
            </Suspense>
          ) : (
            <Empty title={t.states[machine.state]}>
              <p>{t.console.notRunning}</p>
            </Empty>
          )}
        </TabPanel>
        <TabPanel id="screen" className="tab-panel">
          {machine.state === 'running' || machine.state === 'stopping' || machine.state === 'paused' ? (
            <Suspense fallback={<Waiting />}>
              <MachineScreen machine={machine.id} name={name} />
            </Suspense>
          ) : (
            <Empty title={t.states[machine.state]}>
              <p>{t.screen.notRunning}</p>
            </Empty>
          )}
        </TabPanel>
        <TabPanel id="log" className="tab-panel">
          <Log machine={machine.id} />
        </TabPanel>
      </Tabs>
    </Page>
  )
}

export const nameOf = (machine: Machine): string => machine.name || machine.ec2Id

/** Whom the images that we know let in by SSH. */
const login = 'root'

function Facts({ machine, role }: { machine: Machine; role: string }) {
  const { t, format } = useSpeech()
  const images = useQuery(queries.images)
  const image = images.data?.items.find(each => each.id === machine.image.id)
  const [address] = machine.addresses
  const tags = Object.entries(machine.tags)
  return (
    <section className="card" aria-label={t.machine.overview}>
      <dl className="facts">
        <Fact word={t.machine.name}>
          {nameOf(machine)} <Rename machine={machine} role={role} />
        </Fact>
        <Fact word={t.machine.addresses}>
          {machine.addresses.length === 0 ? (
            <span className="soft">{t.machine.noAddress}</span>
          ) : (
            machine.addresses.map(each => <Copyable key={each} text={each} what={each} />)
          )}
        </Fact>
        <Fact word={t.securityGroups.ofMachine}>
          <MachineGroups machine={machine} />
        </Fact>
        {address && machine.keyPair && (
          <Fact word={t.machine.ssh} hint={t.machine.sshHint}>
            <Copyable text={`ssh ${login}@${address}`} what={t.machine.ssh} />
          </Fact>
        )}
        <Fact word={t.machine.flavor}>
          {machine.flavor.name} <Resize machine={machine} role={role} />
          <span className="soft block">
            {[
              t.launch.vcpus({ n: machine.flavor.vcpus }),
              t.launch.memory({ size: format.mib(machine.flavor.memoryMiB) }),
              t.launch.disk({ size: format.mib(machine.flavor.diskMiB) }),
            ].join(' · ')}
          </span>
        </Fact>
        <Fact word={t.machine.image}>
          {image?.name ?? machine.image.ec2Id} <Rebuild machine={machine} role={role} />
          <Rescue machine={machine} role={role} />
          {machine.rescue && (
            <span className="soft block">
              {t.machine.rescued({
                image: images.data?.items.find(each => each.id === machine.rescue?.image)?.name ?? machine.rescue.image,
              })}
            </span>
          )}
        </Fact>
        <Fact word={t.machine.keyPair}>{machine.keyPair ?? <span className="soft">{t.launch.keyNone}</span>}</Fact>
        <Fact word={t.machine.firmware}>{machine.firmware.toUpperCase()}</Fact>
        <Fact word={t.machine.disks}>
          {machine.volumes.map(({ device, sizeMiB }) => `${device} ${format.mib(sizeMiB)}`).join(' · ')}{' '}
          <Keep machine={machine} role={role} />
        </Fact>
        <Fact word={t.machine.protection}>
          <Protection machine={machine} role={role} />
        </Fact>
        <Fact word={t.machine.zone}>{machine.zone}</Fact>
        {machine.host && (
          <Fact word={t.machine.host}>
            <Link to="/hosts">
              <HostName id={machine.host} />
            </Link>
          </Fact>
        )}
        <Fact word={t.machine.created}>
          <Moment at={machine.createdAt} />
        </Fact>
        <Fact word={t.machine.id}>
          <Copyable text={machine.id} what={t.machine.id} />
        </Fact>
        <Fact word={t.machine.ec2Id}>
          <Copyable text={machine.ec2Id} what={t.machine.ec2Id} />
        </Fact>
        {tags.length > 0 && (
          <Fact word={t.machine.tags}>
            {tags.map(([key, value]) => (
              <span key={key} className="tag">
                {key}
                {value !== '' && ` = ${value}`}
              </span>
            ))}
          </Fact>
        )}
      </dl>
    </section>
  )
}

function HostName({ id }: { id: string }) {
  const hosts = useQuery(queries.hosts)
  return hosts.data?.items.find(host => host.id === id)?.name ?? id
}

const Fact = ({ word, hint, children }: { word: string; hint?: string; children: ReactNode }) => (
  <>
    <dt>
      {word}
      {hint && <span className="soft small block">{hint}</span>}
    </dt>
    <dd>{children}</dd>
  </>
)

function Log({ machine }: { machine: string }) {
  const { t } = useSpeech()
  const log = useQuery(queries.consoleLog(machine))
  if (log.error) return <Trouble problem={log.error} again={() => void log.refetch()} />
  if (!log.data) return <Waiting />
  return (
    <section className="log" aria-label={t.machine.log}>
      <div className="log-bar">
        <span className="soft small">
          {t.console.logTitle} · <Moment at={log.data.at} />
        </span>
        <Button onPress={() => void log.refetch()} busy={log.isFetching}>
          {t.console.reload}
        </Button>
      </div>
      {log.data.text === '' ? (
        <p className="soft">{t.console.logEmpty}</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a block that scrolls must be reachable by keyboard
        <pre tabIndex={0}>{plainText(log.data.text)}</pre>
      )}
    </section>
  )
}
