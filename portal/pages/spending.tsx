import { useQuery, useSuspenseQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { calls } from '../api/calls.ts'
import { queries, queryClient } from '../api/queries.ts'
import type { ProjectUsage } from '../api/types.ts'
import type { Format } from '../locales/format.ts'
import { useSpeech } from '../locales/language.tsx'
import { Ask } from '../ui/ask.tsx'
import { Button } from '../ui/button.tsx'
import { Choice } from '../ui/choice.tsx'
import { Field } from '../ui/field.tsx'
import { Loaded } from '../ui/loaded.tsx'
import { say } from '../ui/notices.tsx'
import { Page } from '../ui/page.tsx'
import { Empty } from '../ui/trouble.tsx'
import { microsOf, textOf } from './money.ts'

const months = ['this', 'last'] as const
type Month = (typeof months)[number]

/** In UTC, as everything is billed. */
function periodOf(month: Month): { from: string; to?: string } {
  const now = new Date()
  const at = (back: number) => new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - back)).toISOString()
  return month === 'this' ? { from: at(0) } : { from: at(1), to: at(0) }
}

type Item = Pick<ProjectUsage['items'][number], 'kind' | 'amount'>

const hours = 3_600
const amountOf = (format: Format, { kind, amount }: Item, t: ReturnType<typeof useSpeech>['t']): string => {
  if (kind === 'machine') return t.spending.hours({ n: format.number(amount / hours) })
  if (kind === 'volume' || kind === 'backup') return t.spending.gibHours({ n: format.number(amount / 1_024 / hours) })
  return format.bytes(amount)
}

/** What the project used in a month, what that costs, and what it means to spend. */
export function SpendingPage() {
  const { t } = useSpeech()
  const { data: me } = useSuspenseQuery(queries.me)
  const [month, setMonth] = useState<Month>('this')
  const usage = useQuery(queries.spending(month, periodOf(month)))
  const owns = me.role === 'owner' || me.role === 'admin'
  const query = new URLSearchParams(periodOf(month)).toString()
  return (
    <Page title={t.spending.title} lead={t.spending.lead({ project: me.project.name })}>
      <div className="stack">
        <Choice
          label={t.spending.month}
          value={month}
          onChange={key => setMonth(key)}
          options={months.map(key => ({ key, label: t.spending.months[key] }))}
        />
        <Loaded query={usage}>
          {data => (
            <>
              <Totals usage={data} reason={owns ? null : t.people.ownersOnly} />
              <Items usage={data} />
              <p>
                <a href={`/api/v1/usage.csv?${query}`} download="usage.csv">
                  {t.spending.csv}
                </a>
              </p>
            </>
          )}
        </Loaded>
      </div>
    </Page>
  )
}

function Totals({ usage: { total, forecast, budget, currency }, reason }: { usage: ProjectUsage; reason: string | null }) {
  const { t, format } = useSpeech()
  const [changing, setChanging] = useState(false)
  return (
    <section className="card" aria-labelledby="totals">
      <h2 id="totals">{t.spending.money}</h2>
      <dl className="facts">
        <dt>{t.spending.total}</dt>
        <dd>{format.money(total, currency)}</dd>
        {forecast !== null && (
          <>
            <dt>{t.spending.forecast}</dt>
            <dd>{format.money(forecast, currency)}</dd>
          </>
        )}
        <dt>{t.spending.budget}</dt>
        <dd>
          {budget
            ? t.spending.budgetOf({
                money: format.money(budget.micros, currency),
                percent: budget.alertAt.map(percent => `${percent}\u00a0%`).join(', '),
              })
            : t.spending.noBudget}
        </dd>
      </dl>
      <Button reason={reason} onPress={() => setChanging(true)}>
        {t.spending.setBudget}
      </Button>
      {changing && <SetBudget budget={budget} currency={currency} close={() => setChanging(false)} />}
    </section>
  )
}

function SetBudget({ budget, currency, close }: Pick<ProjectUsage, 'budget' | 'currency'> & { close: () => void }) {
  const { t } = useSpeech()
  const [text, setText] = useState(budget ? textOf(budget.micros) : '')
  const [error, setError] = useState<string | null>(null)
  const act = async (): Promise<'stay' | 'done'> => {
    const amount = microsOf(text)
    if (text.trim() !== '' && !amount) {
      setError(t.spending.badAmount)
      return 'stay'
    }
    await calls.setBudget(amount)
    await queryClient.invalidateQueries({ queryKey: ['spending'] })
    say(t.spending.budgetSet)
    return 'done'
  }
  return (
    <Ask open close={close} title={t.spending.setBudget} confirm={t.people.save} act={act}>
      <p>{t.spending.budgetText}</p>
      <Field
        name="budget"
        label={t.spending.perMonth({ currency })}
        value={text}
        onChange={setText}
        error={error}
        optional
        autoFocus
      />
    </Ask>
  )
}

function Items({ usage: { items, currency } }: { usage: ProjectUsage }) {
  const { t, format } = useSpeech()
  const pools = useQuery(queries.pools)
  const nameOf = (what: string) => pools.data?.items.find(({ id }) => id === what)?.name ?? what
  if (items.length === 0) return <Empty title={t.spending.emptyTitle}>{t.spending.emptyText}</Empty>
  return (
    <div className="sheet">
      <table className="grid">
        <caption className="unseen">{t.spending.title}</caption>
        <thead>
          <tr>
            <th scope="col">{t.spending.what}</th>
            <th scope="col">{t.spending.used}</th>
            <th scope="col">{t.spending.cost}</th>
          </tr>
        </thead>
        <tbody>
          {items.map(item => (
            <tr key={`${item.kind} ${item.what}`}>
              <th scope="row">
                {t.prices.kinds[item.kind]}
                {item.what !== '' && <span className="soft block small">{nameOf(item.what)}</span>}
              </th>
              <td>{amountOf(format, item, t)}</td>
              <td>{format.money(item.cost, currency)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
