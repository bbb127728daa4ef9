import { env } from 'node:process'

/** How hard: 1 in CI; a night takes `SIROCCO_FUZZ=200` and another seed each time. */
const times = Number(env.SIROCCO_FUZZ ?? '1')
const seed = Number(env.SIROCCO_FUZZ_SEED ?? '1')

/** The same tries each time; a failure prints seed and path, and the smallest try that fails. */
export const fuzz = (runs: number) => ({ numRuns: runs * times, seed })
