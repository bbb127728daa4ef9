export interface Point {
  /** ms since the epoch. */
  readonly at: number
  readonly value: number
}
export interface Line {
  /** What tells it from the other; empty where there is one. */
  readonly word: string
  readonly points: readonly Point[]
}

/** Where the scale ends: a little above the highest value, on a number of one figure, at least at `most`. */
export function scaleOf(lines: readonly Line[], most: number): number {
  const highest = lines.reduce((high, { points }) => points.reduce((h, { value }) => Math.max(h, value), high), most)
  if (highest <= 0) return 1
  if (highest === most) return most
  const unit = 10 ** Math.floor(Math.log10(highest))
  return Math.ceil(highest / unit) * unit
}

/** An SVG path through the points, broken where nothing was read for longer than `gap`. */
export function pathOf(points: readonly Point[], gap: number, x: (at: number) => number, y: (value: number) => number): string {
  const round = (value: number) => Math.round(value * 10) / 10
  return points
    .map((point, i) => {
      const before = points[i - 1]
      const pen = before && point.at - before.at <= gap ? 'L' : 'M'
      return `${pen}${round(x(point.at))} ${round(y(point.value))}`
    })
    .join('')
}

/** The index of the time that is nearest to `at`; -1 where there is none. */
export function nearest(times: readonly number[], at: number): number {
  let best = -1
  for (const [i, time] of times.entries()) if (best < 0 || Math.abs(time - at) < Math.abs((times[best] ?? 0) - at)) best = i
  return best
}
