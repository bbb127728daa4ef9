/** One line of a run. `ratio` is value : baseline, both measured in the same run. */
export interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: 'ms' | 's' | 'MiB' | 'KiB' | '1/s'
  readonly baseline: number | null
  readonly ratio: number | null
  readonly runs: number
}

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.slice(Math.floor((sorted.length - 1) / 2), Math.floor(sorted.length / 2) + 1)
  if (middle.length === 0) throw new RangeError('a median of nothing')
  return middle.reduce((sum, value) => sum + value, 0) / middle.length
}

const rounded = (value: number): number => Number(value.toPrecision(4))

/** The median of `values`, against the median of `baseline` where there is one. */
export function figure(name: string, unit: Figure['unit'], values: readonly number[], baseline?: readonly number[]): Figure {
  const value = median(values)
  const against = baseline === undefined ? null : median(baseline)
  return {
    name,
    value: rounded(value),
    unit,
    baseline: against === null ? null : rounded(against),
    ratio: against === null ? null : rounded(value / against),
    runs: values.length,
  }
}

/** One after the other; what each run gave. */
export async function repeated<T>(runs: number, once: (run: number) => Promise<T>): Promise<T[]> {
  const results: T[] = []
  for (let run = 0; run < runs; run++) results.push(await once(run))
  return results
}
