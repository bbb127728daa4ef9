import type { Result } from '@sirocco/shared/kit/fault.ts'
import { z } from 'zod'
import type { Principal } from '../../domain/access/principal.ts'
import { allows, type VerbName } from '../../domain/access/rights.ts'
import type { Machine } from '../../domain/machines/machine.ts'
import type { Ports } from '../../services/context.ts'
import { findMachines } from '../../services/machines/find.ts'
import type { Verb } from '../../services/verb.ts'
import { type Noun, refusalOf } from './faults.ts'
import { flag, parsed } from './parameters.ts'
import type { Parameters } from './query.ts'
import { Refusal } from './refusal.ts'
import type { Xml } from './xml.ts'

/** Where a request came in, and from whom. */
interface Caller {
  readonly principal: Principal
  readonly ports: Ports
  /** The region that this endpoint is of. */
  readonly region: string
  /** Host and port of this endpoint, as clients reach it. */
  readonly endpoint: string
}

/** What an action works with: the verbs, as the principal who signed. */
export interface Request extends Caller {
  /** Calls a verb; a refusal becomes the EC2 error of its Fault. `token` makes its repetition land once. */
  call<I extends z.ZodType, A>(verb: Verb<I, A>, input: z.input<I>, token?: string): Promise<A>
  /** The machines of these ids, in order, each once; refuses with the first that is not visible here. */
  machines(ids: readonly string[]): Promise<readonly Machine[]>
}

type Given = { readonly [name: string]: Parameters }
export type Answer = { readonly [name: string]: Xml }

export interface Action {
  run(caller: Caller, given: Given): Promise<Answer>
}

interface About<S extends z.ZodRawShape> {
  /** The right that it takes; null: any key may. */
  readonly right: VerbName | null
  readonly noun: Noun
  /** Every parameter it understands, and those it knowingly ignores; any other is refused. */
  readonly parameters: S
}

/** An EC2 action: parses, authorises, answers a dry run, runs. */
export function action<S extends z.ZodRawShape>(
  { right, noun, parameters }: About<S>,
  run: (request: Request, parameters: z.output<z.ZodObject<S>>) => Promise<Answer>,
): Action {
  const schema = z.strictObject(parameters)
  return {
    async run(caller, { Action: _action, Version: _version, DryRun = 'false', ...given }) {
      const own = parsed(schema, given)
      const dryRun = parsed(z.object({ DryRun: flag }), { DryRun }).DryRun
      const { role, projectName } = caller.principal
      if (right !== null && !allows(role, right))
        throw new Refusal(
          'UnauthorizedOperation',
          `Your role (${role}) does not permit ${right}; ask an owner of ${projectName}.`,
        )
      if (dryRun) throw new Refusal('DryRunOperation', 'Request would have succeeded, but DryRun flag is set.')
      return run(requestOf(noun, caller), own)
    },
  }
}

function requestOf(noun: Noun, caller: Caller): Request {
  const { ports, principal } = caller
  const call: Request['call'] = async (verb, input, token) =>
    answerOf(await verb.call(token === undefined ? { ports, principal } : { ports, principal, token }, input), noun)
  return {
    ...caller,
    call,
    machines: async ids => (ids.length === 0 ? [] : call(findMachines, { machines: [...new Set(ids)] })),
  }
}

function answerOf<A>(result: Result<A>, noun: Noun): A {
  if (result.ok) return result.value
  throw refusalOf(result.fault, noun)
}
