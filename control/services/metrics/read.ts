import { ok } from '@sirocco/shared/kit/fault.ts'
import { z } from 'zod'
import type { Family } from '../../domain/metrics/exposition.ts'
import { familiesOf } from '../../domain/metrics/families.ts'
import { type Counter, counters, type Meters } from '../../ports/meters.ts'
import { read } from '../verb.ts'

/** How the control plane does, in numbers that hold nothing of any one project. */
export const readMetrics = read('metrics.read', {
  input: z.strictObject({}),
  async run({ store, clock, meters }) {
    const figures = await store.figures(clock.now())
    return figures.ok ? ok([...familiesOf(figures.value), ...counted(meters)]) : figures
  },
})

const counted = (meters: Meters | undefined): Family[] =>
  (Object.keys(counters) as Counter[]).map(name => ({
    name,
    type: 'counter',
    help: counters[name],
    samples: (meters?.counted() ?? []).filter(each => each.name === name),
  }))
