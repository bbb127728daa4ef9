import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { calls } from '../api/calls.ts'
import { useSpeech } from '../locales/language.tsx'
import { Chart } from '../ui/chart.tsx'
import { Radios } from '../ui/radios.tsx'
import { Trouble, Waiting } from '../ui/trouble.tsx'

const hour = 3_600_000
/** What can be looked at, in ms. */
export const usageSpans = { hour, day: 24 * hour, week: 7 * 24 * hour } as const
export type UsageSpan = keyof typeof usageSpans

/** ms. The host is asked again as often as it reads itself; longer spans move slowly. */
const again: Record<UsageSpan, number> = { hour: 10_000, day: 60_000, week: 300_000 }

export interface UsageProps {
  readonly of: 'machines' | 'hosts'
  readonly id: string
  readonly cores: number
  readonly memoryMiB: number
}

/** How busy a machine or a host is, live while the page is open. */
export function UsageCharts({ of, id, cores, memoryMiB }: UsageProps) {
  const { t, format } = useSpeech()
  const [span, setSpan] = useState<UsageSpan>('hour')
  const usage = useQuery({
    queryKey: ['usage', of, id, span],
    queryFn: () => calls.usage(of, id, usageSpans[span]),
    refetchInterval: again[span],
    staleTime: 0,
    placeholderData: keepPreviousData,
  })
  if (usage.error && !usage.data) return <Trouble problem={usage.error} again={() => void usage.refetch()} />
  if (!usage.data) return <Waiting />
  const { from, to, step, live, points } = usage.data
  const frame = { from: Date.parse(from), to: Date.parse(to), gap: Math.max(step * 1_000 * 1.5, live ? 30_000 : 0, mixed) }
  const line = (word: string, value: (point: (typeof points)[number]) => number) => ({
    word,
    points: points.map(point => ({ at: Date.parse(point.at), value: value(point) })),
  })
  const rate = (value: number) => t.usage.perSecond({ size: format.bytes(Math.round(value)) })
  return (
    <section className="usage" aria-label={t.usage.title}>
      <Radios<UsageSpan>
        label={t.usage.span}
        value={span}
        onChange={setSpan}
        options={[
          { key: 'hour', label: t.usage.spans.hour },
          { key: 'day', label: t.usage.spans.day },
          { key: 'week', label: t.usage.spans.week },
        ]}
      />
      {!live && <p className="story-note">{t.usage.historyOnly}</p>}
      <div className="charts">
        <Chart
          {...frame}
          title={t.usage.cpu}
          most={cores}
          lines={[line('', point => point.cpu)]}
          write={value => t.usage.cores({ n: format.number(value) })}
        />
        <Chart
          {...frame}
          title={t.usage.memory}
          most={memoryMiB * 1_024 * 1_024}
          lines={[line('', point => point.memoryBytes)]}
          write={format.bytes}
        />
        <Chart
          {...frame}
          title={t.usage.disk}
          lines={[line(t.usage.read, point => point.diskReadRate), line(t.usage.written, point => point.diskWriteRate)]}
          write={rate}
        />
        <Chart
          {...frame}
          title={t.usage.network}
          lines={[line(t.usage.received, point => point.networkInRate), line(t.usage.sent, point => point.networkOutRate)]}
          write={rate}
        />
      </div>
    </section>
  )
}

/** ms between two points of history, which lie among the host's own. */
const mixed = 330_000
