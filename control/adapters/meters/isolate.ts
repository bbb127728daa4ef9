import { canonical } from '@sirocco/shared/kit/canonical.ts'
import type { Counted, Meters } from '../../ports/meters.ts'

/** Should a label not be of a fixed set after all, what is counted stays bounded. */
const seriesMax = 5_000

/** Counters in memory. */
export function isolateMeters(): Meters {
  const series = new Map<string, Counted>()
  return {
    count(name, labels) {
      const key = canonical([name, labels])
      const before = series.get(key)
      if (before || series.size < seriesMax) series.set(key, { name, labels, value: (before?.value ?? 0) + 1 })
    },
    counted: () => [...series.values()],
  }
}
