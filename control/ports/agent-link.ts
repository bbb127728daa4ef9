import type { Result } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import type { CommandBody } from '@sirocco/shared/wire/frames.ts'
import type { Question } from '@sirocco/shared/wire/samples.ts'

/** The live links to agents. */
export interface AgentLinks {
  /** Sends a command; its result lands as a row. Refused (`unavailable`) when the agent of this host is not linked now. */
  send(command: { id: string; host: Id<'host'>; deadline: number; body: CommandBody }): Promise<Result<void>>
  /** Sends a command and waits for its answer, at most `limits.ask`. Only for questions, and for what twice is once. */
  ask(command: { id: string; host: Id<'host'>; body: CommandBody | Question }): Promise<Result<string>>
}
