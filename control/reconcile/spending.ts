import { watchSpending } from '../services/prices/watch-spending.ts'
import type { Reconciler } from './reconciler.ts'

/** Adds up what projects with a budget spent this month, and tells of it. */
export const spending: Reconciler = { name: 'spending', run: watchSpending }
