/** One figure, as it is printed: a median of `runs`, and beside what it stands. */
export interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: string
  /** The same measured without us, in the same run; null where there is nothing to compare with. */
  readonly baseline: number | null
  readonly ratio: number | null
  readonly runs: number
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const [low, high] = [sorted[sorted.length % 2 === 0 ? middle - 1 : middle], sorted[middle]]
  if (low === undefined || high === undefined) throw new RangeError('a median of nothing')
  return (low + high) / 2
}

const rounded = (value: number) => Number(value.toPrecision(4))

export function figure(name: string, unit: string, values: readonly number[], baselines: readonly number[] = []): Figure {
  const value = median(values)
  const baseline = baselines.length === 0 ? null : median(baselines)
  return {
    name,
    value: rounded(value),
    unit,
    baseline: baseline === null ? null : rounded(baseline),
    ratio: baseline === null || baseline === 0 ? null : rounded(value / baseline),
    runs: values.length,
  }
}
