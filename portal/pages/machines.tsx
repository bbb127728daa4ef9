import { machineStates } from '@sirocco/shared/model/machines/states.ts'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useCallback, useDeferredValue, useMemo, useRef, useState } from 'react'
import type { Machine } from '../api/types.ts'
import { useRow } from '../live/use-collection.ts'
import { useOrder } from '../live/use-order.ts'
import { useWindow } from '../live/use-window.ts'
import { machines, mostMachines, showMachines, useLoaded } from '../live/world.ts'
import { useSpeech } from '../locales/language.tsx'
import { Button } from '../ui/button.tsx'
import { icons } from '../ui/icons.tsx'
import { StateMark } from '../ui/machine-state.tsx'
import { Moment } from '../ui/moment.tsx'
import { Page } from '../ui/page.tsx'
import { Empty, Trouble, Waiting } from '../ui/trouble.tsx'
import { compareMachines, matches } from './machine-order.ts'
import type { MachinesSearch, SortKey } from './routes.tsx'

/** px; `--row` in tokens.css. */
const rowHeight = 44

/** Every machine of the project, as it is now. */
export function MachinesPage() {
  const { t, format } = useSpeech()
  const loaded = useLoaded()
  const search = useSearch({ from: '/shell/machines' })
  const navigate = useNavigate({ from: '/machines' })
  const [holder, setHolder] = useState<HTMLDivElement | null>(null)
  const body = useRef<HTMLTableSectionElement>(null)
  const [text, setText] = useState(search.q ?? '')
  const query = useDeferredValue(text)

  const look = (change: MachinesSearch): void => void navigate({ search: change, replace: true })
  const keep = useCallback(
    (machine: Machine) =>
      (search.state === undefined ? exists(machine) : machine.state === search.state) && matches(machine, query),
    [search.state, query],
  )
  const compare = useMemo(
    () => compareMachines(search.sort ?? 'created', search.down ?? search.sort === undefined),
    [search.sort, search.down],
  )
  const order = useOrder(machines, keep, compare, holder)
  const all = machines.rows().filter(exists).length
  const { from, to } = useWindow(body, order.ids.length, rowHeight)

  const launch = (
    <Link to="/machines/new" className="button primary">
      {icons.plus}
      {t.machines.launch}
    </Link>
  )
  if (loaded.state === 'loading')
    return (
      <Page title={t.machines.title} aside={launch} wide>
        <Waiting />
      </Page>
    )
  if (loaded.state === 'failed')
    return (
      <Page title={t.machines.title} wide>
        <Trouble problem={loaded.problem} again={showMachines} />
      </Page>
    )
  if (all === 0 && search.state === undefined)
    return (
      <Page title={t.machines.title} wide>
        <FirstMachine />
      </Page>
    )

  const clear = (): void => {
    setText('')
    look({ ...(search.sort ? { sort: search.sort } : {}), ...(search.down === undefined ? {} : { down: search.down }) })
  }
  const count = order.ids.length === all ? t.machines.count({ n: all }) : t.machines.countOf({ n: order.ids.length, all })
  return (
    <Page title={t.machines.title} aside={launch} wide>
      {/* With the toolbar, where the button is that the pointer goes to. */}
      <div ref={setHolder}>
        <div className="toolbar">
          <label className="search">
            <span className="unseen">{t.machines.filter}</span>
            {icons.search}
            <input
              type="search"
              className="input"
              placeholder={t.machines.filter}
              value={text}
              onChange={event => {
                const q = event.target.value
                setText(q)
                const { q: _, ...rest } = search
                look(q === '' ? rest : { ...rest, q })
              }}
            />
          </label>
          <label className="choice bare">
            <span className="unseen">{t.machines.state}</span>
            {/* The system's own list: react-aria's would be a sixth of the first load. */}
            <select
              className="input"
              value={search.state ?? ''}
              onChange={event => {
                const { state: _, ...rest } = search
                const state = machineStates.find(word => word === event.target.value)
                look(state ? { ...rest, state } : rest)
              }}
            >
              <option value="">{t.machines.allStates}</option>
              {machineStates.map(state => (
                <option key={state} value={state}>
                  {t.states[state]}
                </option>
              ))}
            </select>
            {icons.chevron}
          </label>
          <span className="count" role="status">
            {count}
          </span>
          {order.behind > 0 && (
            <button type="button" className="behind" onClick={order.update}>
              {t.machines.behind({ n: order.behind })}
            </button>
          )}
        </div>
        {loaded.more && <p className="soft small">{t.machines.truncated({ n: format.number(mostMachines) })}</p>}
        <div className="sheet">
          {order.ids.length === 0 ? (
            <Empty title={t.machines.none}>
              <p>{t.machines.noneText}</p>
              <Button onPress={clear}>{t.machines.clear}</Button>
            </Empty>
          ) : (
            <table className="grid machines-grid" aria-rowcount={order.ids.length + 1}>
              <caption className="unseen">{t.machines.title}</caption>
              <thead>
                <tr aria-rowindex={1}>
                  <Column by="name" word={t.machines.name} search={search} look={look} />
                  <Column by="state" word={t.machines.state} search={search} look={look} />
                  <th scope="col">{t.machines.address}</th>
                  <Column by="flavor" word={t.machines.flavor} search={search} look={look} />
                  <Column by="zone" word={t.machines.zone} search={search} look={look} />
                  <Column by="created" word={t.machines.created} search={search} look={look} />
                </tr>
              </thead>
              <tbody ref={body}>
                <Gap rows={from} />
                {order.ids.slice(from, to).map((id, i) => (
                  <Row key={id} id={id} index={from + i + 2} />
                ))}
                <Gap rows={order.ids.length - to} />
              </tbody>
            </table>
          )}
        </div>
      </div>
    </Page>
  )
}

/** Deleted ones stay visible for a while, to who asks for them. */
const exists = (machine: Machine): boolean => machine.state !== 'gone'

/** Holds the place of rows that are not drawn. */
const Gap = ({ rows }: { rows: number }) =>
  rows > 0 ? (
    // biome-ignore lint/a11y/noAriaHiddenOnFocusable: an empty row takes no focus
    <tr aria-hidden="true">
      <td colSpan={6} className="gap" style={{ height: rows * rowHeight }} />
    </tr>
  ) : null

function Column({
  by,
  word,
  search,
  look,
}: {
  by: SortKey
  word: string
  search: MachinesSearch
  look: (to: MachinesSearch) => void
}) {
  const { t } = useSpeech()
  const sort = search.sort ?? 'created'
  const down = search.down ?? search.sort === undefined
  const mine = sort === by
  const { sort: _, down: __, ...rest } = search
  return (
    <th scope="col" className={`col-${by}`} aria-sort={mine ? (down ? 'descending' : 'ascending') : 'none'}>
      <button
        type="button"
        className="sort"
        title={t.machines.sortBy({ column: word })}
        onClick={() => look({ ...rest, sort: by, ...(mine && !down ? { down: true } : {}) })}
      >
        {word}
        {mine && (down ? icons.down : icons.up)}
      </button>
    </th>
  )
}

function Row({ id, index }: { id: string; index: number }) {
  const { t, format } = useSpeech()
  const machine = useRow(machines, id)
  if (!machine) return null
  return (
    <tr aria-rowindex={index}>
      <th scope="row">
        <Link to="/machines/$machine" params={{ machine: id }} className="row-link">
          {machine.name || machine.ec2Id}
        </Link>
      </th>
      <td>
        <StateMark state={machine.state} />
        {machine.progress && <span className="progress-note">{machine.progress}</span>}
      </td>
      <td className="mono">{machine.addresses[0] ?? <span className="soft">{t.machine.noAddress}</span>}</td>
      <td
        className="col-flavor"
        title={`${t.launch.vcpus({ n: machine.flavor.vcpus })}, ${format.mib(machine.flavor.memoryMiB)}`}
      >
        {machine.flavor.name}
      </td>
      <td className="col-zone">{machine.zone}</td>
      <td className="col-created">
        <Moment at={machine.createdAt} />
      </td>
    </tr>
  )
}

/** The empty state is the first-run guide. */
function FirstMachine() {
  const { t } = useSpeech()
  const steps = [
    [t.machines.emptyStepLaunch, t.machines.emptyStepLaunchText],
    [t.machines.emptyStepKey, t.machines.emptyStepKeyText],
    [t.machines.emptyStepUse, t.machines.emptyStepUseText],
  ] as const
  return (
    <Empty title={t.machines.emptyTitle}>
      <p>{t.machines.emptyText}</p>
      <ol className="steps">
        {steps.map(([title, text]) => (
          <li key={title}>
            <strong>{title}</strong>
            <span>{text}</span>
          </li>
        ))}
      </ol>
      <Link to="/machines/new" className="button primary">
        {icons.plus}
        {t.machines.launch}
      </Link>
    </Empty>
  )
}
