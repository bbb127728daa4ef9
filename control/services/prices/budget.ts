import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { z } from 'zod'
import { type Decision, write } from '../verb.ts'

const Percent = z.int().min(1, 'an alert is at 1 to 1000 percent').max(1_000, 'an alert is at 1 to 1000 percent')

/** What the project means to spend in a month (UTC), and at which percentages of it that is told as an event; null: none. It blocks nothing. */
export const setBudget = write('budgets.set', {
  input: z.object({
    micros: z.int().min(1, 'a budget is more than nothing; null takes it away').nullable(),
    alertAt: z.array(Percent).min(1).max(10, 'a budget has at most 10 alerts').default([50, 80, 100]),
  }),
  async run({ principal }, { micros, alertAt }) {
    if (new Set(alertAt).size < alertAt.length) return refuse('invalid', 'alertAt: each percentage once', { field: 'alertAt' })
    const { project } = principal
    const budget = micros === null ? null : { micros, alertAt: alertAt.toSorted((a, b) => a - b) }
    const decision: Decision<{ project: Id<'project'> }> = {
      answer: { project },
      subjects: [project],
      changes: [
        { do: 'budget.set', project, budget },
        { do: 'event', project, type: 'project.budget-set', subject: project },
      ],
    }
    return ok(decision)
  },
})
