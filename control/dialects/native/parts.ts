import type { Origin } from '../../domain/access/origin.ts'
import type { Principal } from '../../domain/access/principal.ts'
import type { Ports } from '../../services/context.ts'

/** What the native API is served with; given anew with each request. */
export interface NativeParts {
  readonly ports: Ports
  /** Where people reach it: `https://cloud.example`. Cookies, and what counts as another site, follow from it. */
  readonly publicUrl: string
  readonly ec2Url: string
  readonly region: string
  readonly version: string
  /** Of this request. */
  readonly origin: Origin
  /** Events of the principal's project after `after` (null: from now on), as `request` asks: WebSocket or event stream. */
  feed(principal: Principal, after: number | null, request: Request): Promise<Response>
  /** The line that makes a machine a host, with this token; null where no bundle of the agent is held. */
  joinLine(token: string): Promise<string | null>
  /** The person's end of a console's stream. */
  console(ticket: string, request: Request): Promise<Response>
  /** One line for the operator. */
  log(line: Readonly<Record<string, unknown>>): void
}
