import { micros } from '@sirocco/shared/model/prices.ts'
import type { QuotaResource } from '@sirocco/shared/model/quota.ts'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { calls } from '../api/calls.ts'
import { queries, queryClient } from '../api/queries.ts'
import type { QuotaList } from '../api/types.ts'
import type { Format } from '../locales/format.ts'
import { useSpeech } from '../locales/language.tsx'
import { Ask } from '../ui/ask.tsx'
import { Button } from '../ui/button.tsx'
import { Field } from '../ui/field.tsx'
import { Loaded } from '../ui/loaded.tsx'
import { say } from '../ui/notices.tsx'
import { microsOf, textOf } from './money.ts'

/** MiB, as the API counts them. */
const sized: ReadonlySet<QuotaResource> = new Set(['memory', 'disk'])
const amount = (format: Format, resource: QuotaResource, value: number): string =>
  sized.has(resource) ? format.mib(value) : format.number(resource === 'money' ? value / micros : value)

/** As a person writes a limit, and back; null: it is none. */
const written = (resource: QuotaResource, limit: number): string => (resource === 'money' ? textOf(limit) : String(limit))
const read = (resource: QuotaResource, text: string): number | null =>
  resource === 'money' ? microsOf(text) : /^\d+$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : null

/** What the project may use and does; `reason`: why one may not change it. */
export function QuotaCard({ project, reason }: { project: string; reason: string | null }) {
  const { t, format } = useSpeech()
  const quota = useQuery(queries.quota(project))
  const [changing, setChanging] = useState(false)
  return (
    <section className="card" aria-labelledby="quota">
      <h2 id="quota">{t.quota.title}</h2>
      <Loaded query={quota}>
        {data => (
          <>
            <table className="grid">
              <caption className="unseen">{t.quota.title}</caption>
              <thead>
                <tr>
                  <th scope="col">{t.quota.resource}</th>
                  <th scope="col">{t.quota.used}</th>
                  <th scope="col">{t.quota.limit}</th>
                </tr>
              </thead>
              <tbody>
                {data.items.map(({ resource, limit, used }) => (
                  <tr key={resource}>
                    <th scope="row">{t.quota.resources[resource]}</th>
                    <td>{amount(format, resource, used)}</td>
                    <td>{limit === null ? t.quota.unlimited : amount(format, resource, limit)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
            <Button reason={reason} onPress={() => setChanging(true)}>
              {t.quota.change}
            </Button>
            {changing && <ChangeQuota project={project} quota={data} close={() => setChanging(false)} />}
          </>
        )}
      </Loaded>
    </section>
  )
}

function ChangeQuota({ project, quota, close }: { project: string; quota: QuotaList; close: () => void }) {
  const { t } = useSpeech()
  const [texts, setTexts] = useState<Readonly<Partial<Record<QuotaResource, string>>>>({})
  const [tried, setTried] = useState(false)
  const wantedText = (resource: QuotaResource, limit: number | null): string =>
    (texts[resource] ?? (limit === null ? '' : written(resource, limit))).trim()
  const right = (resource: QuotaResource, text: string): boolean => text === '' || read(resource, text) !== null
  return (
    <Ask
      open
      close={close}
      title={t.quota.change}
      confirm={t.people.save}
      act={async () => {
        setTried(true)
        const wanted = quota.items.map(({ resource, limit }) => ({ resource, limit, text: wantedText(resource, limit) }))
        if (!wanted.every(({ resource, text }) => right(resource, text))) return 'stay'
        // Only what was changed: another admin may be changing the others.
        const changed = wanted
          .map(({ resource, limit, text }) => ({ resource, from: limit, to: text === '' ? null : read(resource, text) }))
          .filter(({ from, to }) => from !== to)
        if (changed.length > 0)
          await calls.setQuota(project, Object.fromEntries(changed.map(({ resource, to }) => [resource, to])))
        await queryClient.invalidateQueries(queries.quota(project))
        say(t.quota.changed)
        return 'done'
      }}
    >
      <p>{t.quota.changeText}</p>
      {quota.items.map(({ resource, limit }) => (
        <Field
          key={resource}
          name={resource}
          label={sized.has(resource) ? t.quota.inMiB({ what: t.quota.resources[resource] }) : t.quota.resources[resource]}
          optional
          value={texts[resource] ?? (limit === null ? '' : written(resource, limit))}
          onChange={text => setTexts({ ...texts, [resource]: text })}
          error={tried && !right(resource, wantedText(resource, limit)) ? t.quota.bad : null}
        />
      ))}
    </Ask>
  )
}
