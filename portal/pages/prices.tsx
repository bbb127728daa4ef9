import { usageKinds } from '@sirocco/shared/model/usage.ts'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { calls } from '../api/calls.ts'
import { queries, queryClient } from '../api/queries.ts'
import type { Price } from '../api/types.ts'
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
import { microsOf } from './money.ts'

const reload = () =>
  Promise.all([queryClient.invalidateQueries(queries.prices), queryClient.invalidateQueries({ queryKey: ['spending'] })])

/** What things cost, and from which day on; for admins. */
export function PricesPage() {
  const { t } = useSpeech()
  const prices = useQuery(queries.prices)
  const [adding, setAdding] = useState(false)
  const [naming, setNaming] = useState(false)
  const aside = (
    <div className="actions">
      <Button onPress={() => setNaming(true)}>{t.prices.setCurrency}</Button>
      <Button look="primary" onPress={() => setAdding(true)}>
        {t.prices.add}
      </Button>
    </div>
  )
  return (
    <Page title={t.prices.title} lead={t.prices.lead} aside={aside}>
      <Loaded query={prices}>
        {data =>
          data.items.length === 0 ? (
            <Empty title={t.prices.emptyTitle}>{t.prices.emptyText}</Empty>
          ) : (
            <List prices={data.items} currency={data.currency} />
          )
        }
      </Loaded>
      {adding && <Add close={() => setAdding(false)} />}
      {naming && <SetCurrency now={prices.data?.currency ?? ''} close={() => setNaming(false)} />}
    </Page>
  )
}

function List({ prices, currency }: { prices: readonly Price[]; currency: string }) {
  const { t, format } = useSpeech()
  const [deleting, setDeleting] = useState<Price | null>(null)
  const nameOf = ({ kind, what }: Price) => (what === '' ? t.prices.kinds[kind] : `${t.prices.kinds[kind]}, ${what}`)
  return (
    <div className="sheet">
      <table className="grid">
        <caption className="unseen">{t.prices.title}</caption>
        <thead>
          <tr>
            <th scope="col">{t.prices.of}</th>
            <th scope="col">{t.prices.price}</th>
            <th scope="col">{t.prices.from}</th>
            <th scope="col">{t.prices.until}</th>
            <th scope="col">
              <span className="unseen">{t.prices.actions}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {prices.map(price => (
            <tr key={price.id}>
              <th scope="row">{nameOf(price)}</th>
              <td>
                {format.money(price.micros, currency)} {t.prices.per[price.kind]}
              </td>
              <td>{price.from}</td>
              <td>{price.until ?? ''}</td>
              <td className="end">
                <IconButton label={t.prices.delete({ what: nameOf(price), from: price.from })} onPress={() => setDeleting(price)}>
                  {icons.bin}
                </IconButton>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <Ask
        open={deleting !== null}
        close={() => setDeleting(null)}
        title={t.prices.deleteTitle}
        confirm={t.prices.deleteConfirm}
        danger
        act={async () => {
          if (deleting) await calls.deletePrice(deleting.id)
          await reload()
          say(t.prices.deleted)
          return 'done'
        }}
      >
        <p>{t.prices.deleteText}</p>
      </Ask>
    </div>
  )
}

function Add({ close }: { close: () => void }) {
  const { t } = useSpeech()
  const [kind, setKind] = useState<Price['kind']>('machine')
  const [what, setWhat] = useState('')
  const [price, setPrice] = useState('')
  const [from, setFrom] = useState(new Date().toISOString().slice(0, 10))
  const [tried, setTried] = useState(false)
  const micros = microsOf(price)
  const dated = /^\d{4}-\d{2}-\d{2}$/.test(from.trim())
  const act = async (): Promise<'stay' | 'done'> => {
    setTried(true)
    if (micros === null || !dated) return 'stay'
    const one = kind === 'machine' || kind === 'volume' ? what.trim() : ''
    await calls.addPrice({ kind, what: one, micros, from: from.trim() })
    await reload()
    say(t.prices.added)
    return 'done'
  }
  return (
    <Ask open close={close} title={t.prices.add} confirm={t.prices.add} act={act}>
      <Choice
        name="kind"
        label={t.prices.of}
        value={kind}
        onChange={key => setKind(key)}
        options={usageKinds.map(key => ({ key, label: t.prices.kinds[key] }))}
      />
      {(kind === 'machine' || kind === 'volume') && (
        <Field name="what" label={t.prices.which[kind]} value={what} onChange={setWhat} hint={t.prices.whichHint} optional />
      )}
      <Field
        name="price"
        label={t.prices.pricePer({ per: t.prices.per[kind] })}
        value={price}
        onChange={setPrice}
        error={tried && micros === null ? t.spending.badAmount : null}
      />
      <Field
        name="from"
        label={t.prices.fromDay}
        value={from}
        onChange={setFrom}
        error={tried && !dated ? t.prices.badDay : null}
      />
    </Ask>
  )
}

function SetCurrency({ now, close }: { now: string; close: () => void }) {
  const { t } = useSpeech()
  const [currency, setCurrency] = useState(now)
  const [tried, setTried] = useState(false)
  const right = /^[A-Z]{3}$/.test(currency.trim())
  const act = async (): Promise<'stay' | 'done'> => {
    setTried(true)
    if (!right) return 'stay'
    await calls.setCurrency(currency.trim())
    await reload()
    return 'done'
  }
  return (
    <Ask open close={close} title={t.prices.setCurrency} confirm={t.people.save} act={act}>
      <p>{t.prices.currencyText}</p>
      <Field
        name="currency"
        label={t.prices.currency}
        value={currency}
        onChange={setCurrency}
        error={tried && !right ? t.prices.badCurrency : null}
        autoFocus
      />
    </Ask>
  )
}
