import { countUsage } from '../services/usage/count.ts'
import type { Reconciler } from './reconciler.ts'

/** Counts, once an hour is over, what no host reports: backups, and volumes that lie on no host yet. */
export const usage: Reconciler = { name: 'usage', run: countUsage }
