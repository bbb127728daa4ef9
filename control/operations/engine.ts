import { type Fault, type FaultCode, faultOf, ok, type Result, type Said } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { say } from '@sirocco/shared/model/messages.ts'
import type { OperationKind } from '@sirocco/shared/model/operations/states.ts'
import type { Operation, OperationAsk } from '../domain/operations/operation.ts'
import type { Change } from '../ports/changes.ts'
import type { Connector } from '../ports/connector.ts'
import type { Ports } from '../services/context.ts'
import { pokeFor } from '../services/poke.ts'
import { finders, type Subject, type SubjectNoun, type Subjects, subjectNoun } from './subjects.ts'

/** What operations act on: the ports, and the clouds behind regions. */
export interface World extends Ports {
  readonly clouds: { of(region: string): Connector }
}

export interface StepContext<N extends SubjectNoun = 'machine'> {
  readonly world: World
  readonly operation: Operation
  /** As it stood when this wake began. */
  readonly subject: Subjects[N]
}

/** A step ends done (with what it writes), or parked until it is woken, at the latest by `limits.parkSweep`. */
export type Outcome =
  | { readonly kind: 'done'; readonly changes: readonly Change[] }
  | { readonly kind: 'park'; readonly waiting: string | Said }
  /** Nothing is left to do, and what was asked for did not come about: ends it also where its workflow cannot be given up. */
  | { readonly kind: 'fail'; readonly fault: Fault; readonly changes: readonly Change[] }
export const done = (...changes: readonly Change[]): Result<Outcome> => ok({ kind: 'done', changes })
export const park = (waiting: string | Said): Result<Outcome> => ok({ kind: 'park', waiting })
export const fail = (fault: Fault, ...changes: readonly Change[]): Result<Outcome> => ok({ kind: 'fail', fault, changes })

/** Runs twice, lands once. Refused `unavailable`, `throttled` or `stale` it is tried again; any other Fault fails the operation. */
export interface Step<N extends SubjectNoun = 'machine'> {
  readonly name: string
  run(context: StepContext<N>): Promise<Result<Outcome>>
  /** Only where `run` has an effect outside the database. */
  undo?(context: StepContext<N>): Promise<Result<Outcome>>
}

/** The steps of one kind of operation, on one noun: `machine.create` is given machines. */
export interface Workflow<N extends SubjectNoun = 'machine'> {
  readonly kind: Extract<OperationKind, `${N}.${string}`>
  readonly version: number
  readonly steps: readonly Step<N>[]
  /** Cannot be given up: whatever refuses a step, it is tried again. */
  readonly persists?: true
  /** What failing writes, in the batch that ends the operation. */
  failed?(context: StepContext<N>, fault: Fault): readonly Change[]
}
/** Whatever noun it is about: the engine finds the subject by the operation's kind. */
export type AnyWorkflow = Workflow<SubjectNoun>

const unanswered: ReadonlySet<FaultCode> = new Set(['unavailable', 'throttled'])
const retryable: ReadonlySet<FaultCode> = new Set([...unanswered, 'stale'])

type Move = Extract<Change, { do: 'operation.move' }>['to']
interface Next {
  readonly to: Move
  readonly log: { readonly step: string; readonly outcome: string }
  readonly changes: readonly Change[]
}

/** One operation on its way through a wake: as it stands, and what it acts on. */
interface Journey {
  readonly operation: Operation
  readonly subject: Subject | null
}
interface Stride extends Journey {
  readonly next: Next
  readonly changes: readonly Change[]
}

/**
 * Runs what is due of one shard, a bounded number of operations and steps, and tells when to wake next (ms since the epoch; null:
 * when poked). Safe to run twice at once: a step's result lands only on the version it was read at.
 */
export async function runDue(world: World, workflows: Workflows, shard: number): Promise<Result<number | null>> {
  const { store, clock } = world
  const due = await store.operations.due(shard, clock.now(), limits.operationsPerWake)
  if (!due.ok) return due
  if (due.value.length > 0) {
    const subjects = await subjectsOf(world, due.value)
    if (!subjects.ok) return subjects
    await advance(
      world,
      workflows,
      due.value.map(operation => ({ operation, subject: subjects.value.get(operation.subject) ?? null })),
    )
  }
  return store.operations.nextWake(shard)
}

/** What these operations are about, one read a noun; those forgotten meanwhile are missing. */
async function subjectsOf({ store }: World, operations: readonly Operation[]): Promise<Result<ReadonlyMap<string, Subject>>> {
  const found = new Map<string, Subject>()
  for (const [noun, of] of Map.groupBy(operations, ({ kind }) => subjectNoun(kind))) {
    const refs = [...new Set(of.map(o => o.subject))]
    const all = await finders[noun](store, refs)
    if (all.ok) for (const subject of all.value) found.set(subject.id, subject)
    else if (all.fault.code !== 'not_found') return all
    else
      for (const ref of refs) {
        const one = await finders[noun](store, [ref])
        if (one.ok) for (const subject of one.value) found.set(subject.id, subject)
        else if (one.fault.code !== 'not_found') return one
      }
  }
  return ok(found)
}

export type Workflows = (kind: OperationKind, version: number) => AnyWorkflow | null

/**
 * Takes operations on, a step of each at a time, until they park, end, or have had their turn. What came of a step, its rows and its
 * event land together or not at all; steps of several operations share a batch where they can.
 */
async function advance(world: World, workflows: Workflows, journeys: readonly Journey[]): Promise<void> {
  let going = journeys
  for (let turn = 0; turn < limits.stepsPerWake; turn++) {
    const now = world.clock.now()
    const due = going.filter(({ operation: { wakeAt } }) => wakeAt !== null && wakeAt <= now)
    if (due.length === 0) return
    const strides = await Promise.all(due.map(journey => strideOf(world, workflows, journey)))
    const landed = await land(world, strides)
    going = landed.map(({ operation, subject, next }) => ({
      operation: { ...operation, asked: null, waitingSaid: null, ...next.to, version: operation.version + 1 },
      subject,
    }))
  }
}

async function strideOf(world: World, workflows: Workflows, journey: Journey): Promise<Stride> {
  try {
    return stride(journey, await nextOf(world, workflows, journey.operation, journey.subject))
  } catch (error) {
    return postponed(world, journey, error)
  }
}

const stride = (journey: Journey, next: Next): Stride => {
  const { operation } = journey
  const { to, log } = next
  return {
    ...journey,
    next,
    changes: [
      { do: 'operation.move', operation: operation.id, version: operation.version, to, log },
      ...next.changes,
      ...eventsOf(operation, to),
    ],
  }
}

/** What should not have happened to one operation keeps back no other: it is tried again later, and in the end left to an admin. */
function postponed({ clock }: World, journey: Journey, error: unknown): Stride {
  const message = error instanceof Error ? error.message : String(error)
  const log = { step: '', outcome: `thrown: ${message}` }
  const { operation } = journey
  const { state, fault, tries } = operation
  return stride(
    journey,
    tries + 1 < limits.stepTries
      ? {
          to: {
            ...again(operation, { state, fault, ...waitingOf(say('waiting.trouble')), now: clock.now() }),
            ...stillAsked(operation),
          },
          log,
          changes: [],
        }
      : end(operation, 'stuck', { ...faultOf('internal', say('operation.broken')), detail: message }, log),
  )
}

/**
 * Writes these in one batch, and answers those that landed. Where one of them is refused, because someone else moved it or a fact came
 * meanwhile, the halves go on their own until it is alone: whoever looks next sees it as it is.
 */
async function land(world: World, strides: readonly Stride[]): Promise<readonly Stride[]> {
  const changes = strides.flatMap(each => each.changes)
  const [first, ...others] = strides
  if (!first) return []
  let written: Result<void>
  try {
    written = await world.store.commit(changes)
  } catch (error) {
    if (others.length > 0) return halves(world, strides)
    // Where it had moved on before, whoever looks next reads it as it is, and comes here again.
    const late = postponed(world, first, error)
    if ((await world.store.commit(late.changes)).ok) pokeFor(world.pokes, late.changes)
    return []
  }
  if (written.ok) {
    pokeFor(world.pokes, changes)
    return strides
  }
  // Where the database does not answer, it answers to none.
  if (others.length === 0 || unanswered.has(written.fault.code)) return []
  return halves(world, strides)
}

async function halves(world: World, strides: readonly Stride[]): Promise<readonly Stride[]> {
  const middle = Math.ceil(strides.length / 2)
  return [...(await land(world, strides.slice(0, middle))), ...(await land(world, strides.slice(middle)))]
}

function eventsOf({ id, project, subject, kind, waiting }: Operation, to: Move): Change[] {
  if (to.wakeAt === null)
    return [
      {
        do: 'event',
        project,
        type: 'operation.ended',
        subject,
        data: { operation: id, kind, state: to.state, ...(to.fault ? { message: to.fault.message } : {}) },
      },
    ]
  if (to.waiting !== waiting && to.waiting !== null)
    return [{ do: 'event', project, type: 'operation.waiting', subject, data: { operation: id, kind, waiting: to.waiting } }]
  return []
}

async function nextOf(world: World, workflows: Workflows, operation: Operation, subject: Subject | null): Promise<Next> {
  const now = world.clock.now()
  if (!subject || subject.generation > operation.generation)
    return end(operation, 'superseded', null, {
      step: '',
      outcome: subject ? `superseded by generation ${subject.generation}` : 'the subject is forgotten',
    })
  const workflow = workflows(operation.kind, operation.workflow)
  if (!workflow)
    return end(
      operation,
      'stuck',
      { code: 'internal', message: `no code knows ${operation.kind} version ${operation.workflow}` },
      { step: '', outcome: 'unknown workflow' },
    )
  const context: StepContext<SubjectNoun> = { world, operation, subject }
  if (operation.asked !== null && operation.state !== 'undoing') return askedToEnd(workflow, context, operation.asked, now)
  if (operation.state === 'undoing') return undo(workflow, context, now)

  const step = workflow.steps[operation.step]
  if (!step) return end(operation, 'done', null, { step: '', outcome: 'done' })
  const outcome = await step.run(context)
  if (!outcome.ok) return refused(workflow, context, step, outcome.fault, now)
  if (outcome.value.kind === 'park') {
    const why = waitingOf(outcome.value.waiting)
    return {
      to: { state: 'parked', step: operation.step, tries: 0, wakeAt: now + limits.parkSweep, ...why, fault: null },
      log: { step: step.name, outcome: `parked: ${why.waiting}` },
      changes: [],
    }
  }
  if (outcome.value.kind === 'fail') {
    const { fault, changes } = outcome.value
    return end(operation, 'failed', fault, { step: step.name, outcome: `failed: ${fault.detail ?? fault.message}` }, changes)
  }
  const last = operation.step + 1 >= workflow.steps.length
  return {
    to: {
      state: last ? 'done' : 'running',
      step: operation.step + 1,
      tries: 0,
      wakeAt: last ? null : now,
      waiting: null,
      fault: null,
    },
    log: { step: step.name, outcome: 'done' },
    changes: outcome.value.changes,
  }
}

const end = (
  operation: Operation,
  state: 'done' | 'superseded' | 'stuck' | 'failed' | 'cancelled',
  fault: Fault | null,
  log: Next['log'],
  changes: readonly Change[] = [],
): Next => ({
  to: { state, step: operation.step, tries: operation.tries, wakeAt: null, waiting: null, fault },
  log,
  changes,
})

/** Why it waits: in English, and by its key where it has one. */
const waitingOf = (why: string | Said): Pick<Move, 'waiting' | 'waitingSaid'> =>
  typeof why === 'string' ? { waiting: why } : { waiting: why.text, waitingSaid: { key: why.key, params: why.params } }

const saidOf = ({ message, key, params }: Fault): string | Said =>
  key === undefined ? message : { text: message, key, params: params ?? {} }

const backoff = (tries: number): number => Math.min(limits.stepBackoffMax, limits.stepBackoff * 2 ** tries)

/** The same step once more, after a pause that doubles. */
const again = (
  { step, tries }: Operation,
  {
    state,
    fault,
    waiting,
    waitingSaid,
    now,
  }: Pick<Move, 'state' | 'fault' | 'waiting' | 'waitingSaid'> & { readonly now: number },
): Move => ({
  state,
  step,
  tries: tries + 1,
  wakeAt: now + backoff(tries),
  waiting,
  ...(waitingSaid ? { waitingSaid } : {}),
  fault,
})

function refused(
  workflow: AnyWorkflow,
  context: StepContext<SubjectNoun>,
  step: Step<SubjectNoun>,
  fault: Fault,
  now: number,
): Next {
  const { operation } = context
  const log = { step: step.name, outcome: `${fault.code}: ${fault.detail ?? fault.message}` }
  if (workflow.persists || (retryable.has(fault.code) && operation.tries + 1 < limits.stepTries))
    return {
      to: again(operation, { state: 'running', fault: null, ...waitingOf(saidOf(fault)), now }),
      log,
      changes: [],
    }
  return giveUp(workflow, context, fault, log, now)
}

/** No further: what it did outside the database is undone, then it ends. */
function giveUp(workflow: AnyWorkflow, context: StepContext<SubjectNoun>, fault: Fault, log: Next['log'], now: number): Next {
  const { operation } = context
  // The step itself may have had its effect before it failed: it is undone first.
  const undoable = workflow.steps.slice(0, operation.step + 1).findLastIndex(s => s.undo)
  if (undoable < 0) return ending(workflow, context, fault, log, [])
  return {
    to: {
      state: 'undoing',
      step: undoable,
      tries: 0,
      wakeAt: now,
      ...waitingOf(say('waiting.cleaning_up')),
      fault,
      ...stillAsked(operation),
    },
    log,
    changes: [],
  }
}

/** Undone as far as it can be: over, as somebody asked or as it came. */
const ending = (
  workflow: AnyWorkflow,
  context: StepContext<SubjectNoun>,
  fault: Fault,
  log: Next['log'],
  changes: readonly Change[],
): Next =>
  end(context.operation, context.operation.asked === 'cancel' ? 'cancelled' : 'failed', fault, log, [
    ...changes,
    ...(workflow.failed?.(context, fault) ?? []),
  ])

/** That it was cancelled is kept until it has ended. */
const stillAsked = ({ asked }: Operation): Pick<Move, 'asked'> => (asked === 'cancel' ? { asked } : {})

/** A person's word: it goes no further. Which kinds permit that, the verbs have decided. */
function askedToEnd(workflow: AnyWorkflow, context: StepContext<SubjectNoun>, asked: OperationAsk, now: number): Next {
  const log = { step: workflow.steps[context.operation.step]?.name ?? '', outcome: `asked to end: ${asked}` }
  const fault: Fault =
    asked === 'cancel'
      ? faultOf('conflict', say('operation.cancelled'))
      : (context.operation.fault ?? { code: 'internal', message: 'an administrator ended it' })
  return giveUp(workflow, context, fault, log, now)
}

async function undo(workflow: AnyWorkflow, context: StepContext<SubjectNoun>, now: number): Promise<Next> {
  const { operation } = context
  const fault: Fault = operation.fault ?? { code: 'internal', message: 'it failed' }
  const step = workflow.steps[operation.step]
  const name = `undo ${step?.name ?? ''}`
  // An admin has looked: what could not be undone is theirs to remove.
  if (operation.asked === 'fail') return ending(workflow, context, fault, { step: name, outcome: 'left as it is' }, [])
  const outcome: Result<Outcome> = step?.undo ? await step.undo(context) : done()
  if (!outcome.ok) {
    const log = { step: name, outcome: `${outcome.fault.code}: ${outcome.fault.detail ?? outcome.fault.message}` }
    if (operation.tries + 1 >= limits.stepTries) return end(operation, 'stuck', fault, log)
    return {
      to: {
        ...again(operation, { state: 'undoing', fault, ...waitingOf(saidOf(outcome.fault)), now }),
        ...stillAsked(operation),
      },
      log,
      changes: [],
    }
  }
  if (outcome.value.kind === 'park') {
    const why = waitingOf(outcome.value.waiting)
    return {
      to: {
        state: 'undoing',
        step: operation.step,
        tries: 0,
        wakeAt: now + limits.parkSweep,
        ...why,
        fault,
        ...stillAsked(operation),
      },
      log: { step: name, outcome: `parked: ${why.waiting}` },
      changes: [],
    }
  }
  const before = workflow.steps.slice(0, operation.step).findLastIndex(s => s.undo)
  const log = { step: name, outcome: 'done' }
  if (before < 0) return ending(workflow, context, fault, log, outcome.value.changes)
  return {
    to: {
      state: 'undoing',
      step: before,
      tries: 0,
      wakeAt: now,
      ...waitingOf(say('waiting.cleaning_up')),
      fault,
      ...stillAsked(operation),
    },
    log,
    changes: outcome.value.changes,
  }
}
