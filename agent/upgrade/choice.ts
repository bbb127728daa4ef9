import { z } from 'zod'

/** The file in the agent's folder that says which bundle runs. */
export const choiceFile = 'bundle.json'
/** The folder beside it that holds bundles by their SHA-256. */
export const bundlesFolder = 'bundles'
/** So often a bundle that was never live is started; then the one before it runs again. */
export const trialStarts = 3

const Sha = z.string().regex(/^[0-9a-f]{64}$/)

/**
 * Which bundle runs on top of the installed one. Whoever puts another bundle in the installed one's place, by hand or by the line of an
 * enrolment, has chosen that: then none of this counts.
 */
export const Choice = z.strictObject({
  version: z.literal(1),
  installed: Sha,
  /** null: the installed one. */
  chosen: Sha.nullable(),
  /** What runs again where the chosen one comes to nothing. */
  before: Sha.nullable(),
  /** How often the chosen one was started without its link having been live; null: it was. */
  starts: z.int().min(0).nullable(),
  /** What the control plane has not been told yet. */
  unsaid: z.boolean(),
  /** What came to nothing last. */
  failed: z.strictObject({ bundle: Sha, why: z.string() }).nullable(),
})
export type Choice = z.output<typeof Choice>

export type Launch =
  | { readonly run: 'installed'; readonly choice: Choice | null }
  /** `trial`: it must be live within a bound. */
  | { readonly run: string; readonly choice: Choice; readonly trial: boolean }

/** Back to what ran before. Pure. */
export const fallenBack = (choice: Choice, why: string): Choice => ({
  ...choice,
  chosen: choice.before,
  before: null,
  starts: null,
  unsaid: true,
  failed: choice.chosen === null ? null : { bundle: choice.chosen, why },
})

/** What a start of the agent runs, and what must be on disk before it does; `held` says whether a bundle is there and whole. Pure. */
export function launchOf(kept: Choice | null, installed: string, held: (bundle: string) => boolean): Launch {
  if (!kept || kept.installed !== installed || kept.chosen === null) return { run: 'installed', choice: kept }
  if (!held(kept.chosen)) return launchOf(fallenBack(kept, 'its file is gone or was changed'), installed, held)
  if (kept.starts === null) return { run: kept.chosen, choice: kept, trial: false }
  if (kept.starts >= trialStarts)
    return launchOf(fallenBack(kept, `it ended ${trialStarts} times before its link was live`), installed, held)
  return { run: kept.chosen, choice: { ...kept, starts: kept.starts + 1 }, trial: true }
}

/** To be tried from the next start on. Pure. */
export const tried = (kept: Choice | null, installed: string, bundle: string): Choice => ({
  version: 1,
  installed,
  chosen: bundle,
  before: kept?.installed === installed ? kept.chosen : null,
  starts: 0,
  unsaid: false,
  failed: null,
})
