import type { AnswerOf, Asked, Route } from '@sirocco/shared/api/route.ts'
import type { Result } from '@sirocco/shared/kit/fault.ts'
import type { Principal } from '../../domain/access/principal.ts'
import type { Call } from '../../services/verb.ts'
import type { NativeParts } from './parts.ts'

/** One request to one route: parsed, and by whom. */
export interface Here extends NativeParts {
  readonly principal: Principal
  /** What verbs are called with: ports, principal, idempotency token. */
  readonly call: Call
  readonly admin: boolean
  /** As it came; its body is read by routes that take bytes, and by no other. */
  readonly request: Request
}

export interface Reply<A> {
  readonly body: A
  readonly headers?: Readonly<Record<string, string>>
}

/** What a route does; the frame around it has authenticated, parsed, and renders. */
export type Handler<R extends Route> = (
  asked: Asked<R>,
  here: R extends { readonly open: true } ? NativeParts : Here,
) => Promise<Result<Reply<AnswerOf<R>>>>
