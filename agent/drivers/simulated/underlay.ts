import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Arrival, Underlay } from '../../ports/move.ts'

/** What joins simulated hosts: those of one process. */
export class SimulatedSite {
  readonly #open = new Map<number, { move: string; secret: string; arrival: Pick<Arrival, 'answer'> }>()
  #port = 1_024

  /** The port at which `arrival` answers from now on. */
  open(move: string, secret: string, arrival: Pick<Arrival, 'answer'>): number {
    this.#port = this.#port >= 65_535 ? 1_024 : this.#port + 1
    this.#open.set(this.#port, { move, secret, arrival })
    return this.#port
  }
  close(port: number): void {
    this.#open.delete(port)
  }
  find(port: number, move: string, secret: string): Pick<Arrival, 'answer'> | null {
    const found = this.#open.get(port)
    return found?.move === move && found.secret === secret ? found.arrival : null
  }
}

/** Of simulated hosts, all at one address. */
export const simulatedUnderlay = (site: SimulatedSite, address = '127.0.0.1'): Underlay => ({
  address,
  async receive(move, arrival) {
    const port = site.open(move.id, move.secret, arrival)
    return ok({ endpoint: { address, port }, close: () => site.close(port) })
  },
  peer: (move, endpoint) => ({
    async ask(question) {
      const arrival = site.find(endpoint.port, move.id, move.secret)
      return arrival ? arrival.answer(question) : refuse('unavailable', 'the other host does not answer')
    },
    tunnel: async () => refuse('unsupported', 'simulated hosts send no bytes'),
    close: async () => undefined,
  }),
})
