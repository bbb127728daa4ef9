import type { Fault, Result } from '@sirocco/shared/kit/fault.ts'

/** One move of one machine, and what both of its hosts were given to know each other by. */
export interface Move {
  readonly id: string
  /** 32 bytes in base64; of this move alone. */
  readonly secret: string
}

/** Where the host that a machine goes to listens, on the underlay. */
export interface Endpoint {
  readonly address: string
  readonly port: number
}

/** The driver of the host that a machine goes to, as the one of the host it leaves speaks to it. */
export interface Peer {
  /** Asks; `unavailable` where no answer came: then it may have been done. */
  ask(question: string): Promise<Result<string>>
  /** The path of a UNIX socket here whose connections come out there at the socket that goes by `name`. */
  tunnel(name: string): Promise<Result<string>>
  close(): Promise<void>
}

/** The driver of the host that a machine goes to: what answers a `Peer`. */
export interface Arrival {
  answer(question: string): Promise<Result<string>>
  /** The UNIX socket that goes by `name` here; null: there is none. */
  socket(name: string): string | null
  /** Has it begun to run here? That cannot be taken back, also where it is off again by now. */
  readonly came: boolean
  /** No more questions are answered; what came and is not running is removed. */
  close(): Promise<Result<'arrived' | 'nothing'>>
}

/** Where a machine runs once its host has done what it can: `unknown` where the other host alone can tell. */
export type Departure =
  | { readonly kind: 'left' }
  | { readonly kind: 'stayed'; readonly fault: Fault }
  | { readonly kind: 'unknown'; readonly fault: Fault }

/** The site's own network between its hosts: encrypted, and open only to the other host of a move. */
export interface Underlay {
  /** Of this host there; null: none was declared, so nothing can move. */
  readonly address: string | null
  /** Listens for the other host of a move. */
  receive(move: Move, arrival: Pick<Arrival, 'answer' | 'socket'>): Promise<Result<{ endpoint: Endpoint; close(): void }>>
  peer(move: Move, endpoint: Endpoint): Peer
}
