import { limits } from '@sirocco/shared/model/limits.ts'
import { movePhases, WireFault } from '@sirocco/shared/wire/objects.ts'
import { z } from 'zod'
import { VolumeFacts } from './volumes/facts.ts'

/** The steps that touch a machine. */
export const machineSteps = [
  'prepare',
  'define',
  'start',
  'ask-to-stop',
  'pause',
  'suspend',
  'cut',
  'undefine',
  'remove',
  'leave',
  'listen',
  'adopt',
  'refuse',
  'stay',
] as const
export type MachineStep = (typeof machineSteps)[number]

/** `came`: it began to run here, and is not yet defined as one of this host's. */
export const notedPhases = [...movePhases, 'came'] as const
export type NotedPhase = (typeof notedPhases)[number]

export const causes = ['asked', 'guest', 'crash', 'unknown'] as const
export type Cause = (typeof causes)[number]

/** What the agent knows of a machine that the hypervisor cannot tell it: the sum of the journal's entries. */
export const MachineFacts = z.strictObject({
  /** The newest intent taken up, and the newest finished with (then with `fault` where it failed). */
  generation: z.int(),
  applied: z.int(),
  fault: WireFault.optional(),
  /** The intent failed before the machine ever ran; what was made is being removed. */
  failing: WireFault.optional(),
  ran: z.boolean(),
  /** The intent under which it was last started. */
  started: z.int(),
  /** Running, as far as is known; else why it is off, where that was noticed. */
  up: z.boolean(),
  off: z.enum(causes).optional(),
  /** When it crashed under the newest intent. */
  crashes: z.array(z.number()),
  /** When the guest was first asked to stop under the newest intent, and last asked in this run. */
  askedAt: z.number().nullable(),
  askedLast: z.number().nullable(),
  /** Begun, and not known to have ended. */
  step: z.enum(machineSteps).nullable(),
  /** The last move that it was part of here, and how far it came; none once it is over. */
  move: z.strictObject({ id: z.string(), phase: z.enum(notedPhases), fault: WireFault.optional() }).optional(),
})
export type MachineFacts = z.output<typeof MachineFacts>
export type FactFault = z.output<typeof WireFault>

export const noFacts: MachineFacts = {
  generation: -1,
  applied: -1,
  ran: false,
  started: -1,
  up: false,
  crashes: [],
  askedAt: null,
  askedLast: null,
  step: null,
}

const of = { machine: z.string(), generation: z.int() }
const step = z.enum(machineSteps)

/** One line of the journal. `intent` is on disk before the step's effect, everything else after what it tells of. */
export const Entry = z.discriminatedUnion('note', [
  z.strictObject({ note: z.literal('intent'), ...of, step, at: z.number() }),
  z.strictObject({ note: z.literal('done'), ...of, step }),
  z.strictObject({ note: z.literal('up'), ...of }),
  z.strictObject({ note: z.literal('off'), ...of, cause: z.enum(causes), at: z.number() }),
  z.strictObject({ note: z.literal('failing'), ...of, fault: WireFault }),
  z.strictObject({ note: z.literal('settled'), ...of, fault: WireFault.optional() }),
  z.strictObject({ note: z.literal('move'), ...of, move: z.string(), phase: z.enum(notedPhases), fault: WireFault.optional() }),
  z.strictObject({ note: z.literal('move-over'), ...of }),
  /** Here before this journal: it may have run, and is never taken for new. */
  z.strictObject({ note: z.literal('adopted'), machine: z.string() }),
  z.strictObject({ note: z.literal('forget'), machine: z.string() }),
  z.strictObject({ note: z.literal('facts'), machine: z.string(), facts: MachineFacts }),
  /** Of a volume or a snapshot: all that is known; null: nothing any more. */
  z.strictObject({ note: z.literal('kept'), id: z.string(), facts: VolumeFacts.nullable() }),
  /** An image file of this host: when it was last asked for; null: it is about to be dropped. */
  z.strictObject({ note: z.literal('image'), sha256: z.string(), usedAt: z.number().nullable() }),
  z.strictObject({ note: z.literal('boot'), bootId: z.string() }),
])
export type Entry = z.output<typeof Entry>
type About<N extends Entry['note']> = Extract<Entry, { note: N }>

/** Facts under a newer intent: what belonged to the older one is over. */
const takenUp = (facts: MachineFacts, generation: number): MachineFacts => {
  if (generation <= facts.generation) return facts
  const { failing: _, ...kept } = facts
  return { ...kept, generation, crashes: [], askedAt: null, step: null }
}

const running = (facts: MachineFacts, generation: number): MachineFacts => {
  const { off: _, ...kept } = facts
  return { ...kept, ran: true, up: true, started: generation, askedAt: null, askedLast: null, step: null }
}

type Folds = {
  readonly [N in Exclude<Entry['note'], 'boot' | 'forget' | 'kept' | 'image'>]: (
    facts: MachineFacts,
    entry: About<N>,
  ) => MachineFacts
}

const folds: Folds = {
  intent: (before, { generation, step, at }) => {
    const facts = { ...takenUp(before, generation), step }
    if (step !== 'ask-to-stop') return facts
    // A clock set back begins the guest's grace anew.
    const first = facts.askedAt === null || facts.askedAt > at ? at : facts.askedAt
    return { ...facts, askedAt: first, askedLast: at }
  },
  done: (facts, { generation, step }) => (step === 'start' ? running(facts, generation) : { ...facts, step: null }),
  up: (facts, { generation }) => running(facts, generation),
  off: (facts, { cause, at }) => ({
    ...facts,
    ran: true,
    up: false,
    step: null,
    off: cause,
    crashes: cause === 'crash' ? [...facts.crashes, at].slice(-limits.crashes - 1) : facts.crashes,
  }),
  failing: (facts, { generation, fault }) => ({ ...takenUp(facts, generation), failing: fault, step: null }),
  settled: (before, { generation, fault }) => {
    const { fault: _, failing: __, ...facts } = takenUp(before, generation)
    return { ...facts, applied: generation, step: null, ...(fault ? { fault } : {}) }
  },
  move: (facts, { generation, move: id, phase, fault }) => {
    const move = { id, phase, ...(fault ? { fault } : {}) }
    // What was known of it here belongs to an earlier stay.
    return phase === 'came' || (phase === 'arrived' && facts.move?.phase !== 'came')
      ? { ...noFacts, generation, applied: generation, ran: true, up: true, started: generation, move }
      : { ...facts, step: null, move }
  },
  'move-over': ({ move: _, ...facts }) => ({ ...facts, step: null }),
  adopted: facts => ({ ...facts, ran: true }),
  facts: (_, { facts }) => facts,
}

/** The facts after one more entry. */
export function fold(facts: MachineFacts, entry: Exclude<Entry, { note: 'boot' | 'forget' | 'kept' | 'image' }>): MachineFacts {
  const step = folds[entry.note] as (facts: MachineFacts, entry: Entry) => MachineFacts
  return step(facts, entry)
}
