import { useId, useState } from 'react'
import { useSpeech } from '../locales/language.tsx'
import { type Line, nearest, pathOf, scaleOf } from './chart-paths.ts'

export interface ChartProps {
  readonly title: string
  /** Of what is shown: ms since the epoch. */
  readonly from: number
  readonly to: number
  /** Longer than this between two points, and the line breaks: nothing was read. ms. */
  readonly gap: number
  /** One or two. */
  readonly lines: readonly Line[]
  /** Where the scale ends at least; what is busier stretches it. */
  readonly most?: number
  write(value: number): string
}

/** Units of the drawing; it stretches to its place. */
const width = 600
const height = 120

/** One quantity over time. The newest figures stand in words, and under the pointer or by the arrow keys those of any moment. */
export function Chart({ title, from, to, gap, lines, most = 0, write }: ChartProps) {
  const { t, format } = useSpeech()
  const id = useId()
  const [at, setAt] = useState<number | null>(null)
  const scale = scaleOf(lines, most)
  const x = (moment: number): number => ((moment - from) / Math.max(1, to - from)) * width
  const y = (value: number): number => height - (value / scale) * height
  const times = lines[0]?.points.map(point => point.at) ?? []
  const index = at === null ? times.length - 1 : nearest(times, at)
  const moment = times[index]
  const figures = lines.flatMap(({ word, points }) => {
    const point = points[index]
    return point ? [`${word === '' ? '' : `${word} `}${write(point.value)}`] : []
  })
  const step = (by: number): void => setAt(times[Math.min(times.length - 1, Math.max(0, index + by))] ?? null)
  return (
    <figure className="chart" aria-labelledby={id}>
      <figcaption id={id}>
        <strong>{title}</strong>{' '}
        <span className="chart-figures">
          {moment === undefined ? t.usage.nothing : figures.join(' · ')}
          {at !== null && moment !== undefined && <span className="soft"> {format.clock(moment)}</span>}
        </span>
      </figcaption>
      <svg
        viewBox={`0 0 ${width} ${height}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={t.usage.chartOf({ what: title, figures: moment === undefined ? t.usage.nothing : figures.join(', ') })}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys read any moment
        tabIndex={0}
        onPointerMove={event => {
          const { left, width: wide } = event.currentTarget.getBoundingClientRect()
          setAt(from + ((event.clientX - left) / Math.max(1, wide)) * (to - from))
        }}
        onPointerLeave={() => setAt(null)}
        onBlur={() => setAt(null)}
        onKeyDown={event => {
          if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return
          event.preventDefault()
          step(event.key === 'ArrowLeft' ? -1 : 1)
        }}
      >
        {[0.5, 1].map(share => (
          <line key={share} x1="0" x2={width} y1={height * (1 - share)} y2={height * (1 - share)} className="chart-grid" />
        ))}
        {lines.map(({ word, points }, i) => (
          <path key={word} d={pathOf(points, gap, x, y)} className={i === 0 ? 'chart-line' : 'chart-line second'} />
        ))}
        {at !== null && moment !== undefined && (
          <line x1={x(moment)} x2={x(moment)} y1="0" y2={height} className="chart-moment" />
        )}
      </svg>
      <div className="chart-axis soft small" aria-hidden="true">
        <span>{format.clock(from)}</span>
        <span>{t.usage.upTo({ most: write(scale) })}</span>
        <span>{format.clock(to)}</span>
      </div>
    </figure>
  )
}
