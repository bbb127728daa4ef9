import { hour, minute, second } from '@sirocco/shared/kit/clock.ts'
import type { Reading, Sample } from '@sirocco/shared/wire/samples.ts'

/** Steps that people read well, in ms. */
const steps = [10 * second, minute, 5 * minute, 15 * minute, hour, 6 * hour] as const
/** Points that a chart shows well. */
const readable = 400

/** The shortest step that gives no more points than a chart shows well. */
export const stepFor = (span: number): number => steps.find(step => span / step <= readable) ?? steps[steps.length - 1] ?? hour

/** The average of each step that has any reading, at its beginning, oldest first. */
export function pointsOf(samples: readonly Sample[], step: number): readonly Sample[] {
  const buckets = Map.groupBy(samples, ({ at }) => Math.floor(at / step) * step)
  return [...buckets].map(([at, of]) => ({ at, reading: meanOf(of) })).sort((a, b) => a.at - b.at)
}

const meanOf = (samples: readonly Sample[]): Reading => {
  const mean = (i: number) => samples.reduce((sum, { reading }) => sum + (reading[i] ?? 0), 0) / samples.length
  return [mean(0), mean(1), mean(2), mean(3), mean(4), mean(5)]
}
