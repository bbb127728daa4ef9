import { type Fault, ok, type Result } from '@sirocco/shared/kit/fault.ts'
import type { NetworkOnHost, Networks } from '../ports/network.ts'
import { Gather } from './gather.ts'

/** Faults that are over by themselves. */
export const passing = (fault: Fault): boolean => fault.code === 'unavailable' || fault.code === 'throttled'

/** The networks of one host: however many machines ask at once, they are made so by one call. */
export class NetworkRoom {
  readonly #networks: Networks
  readonly #wanted: () => readonly NetworkOnHost[]
  readonly #settle = new Gather(() => this.#apply())
  /** How often all that was wanted has begun to be made. */
  begun = 0

  constructor(networks: Networks, wanted: () => readonly NetworkOnHost[]) {
    this.#networks = networks
    this.#wanted = wanted
  }

  /** Makes all that is wanted now. One that cannot be made does not keep the others from it: its fault stands by its id. */
  settle(): Promise<Result<ReadonlyMap<string, Fault>>> {
    return this.#settle.call()
  }

  async #apply(): Promise<Result<ReadonlyMap<string, Fault>>> {
    this.begun++
    const wanted = this.#wanted()
    const faults = new Map<string, Fault>()
    const whole = await this.#networks.apply(wanted)
    if (whole.ok) return ok(faults)
    if (passing(whole.fault)) return whole
    const good: NetworkOnHost[] = []
    for (const one of wanted) {
      const result = await this.#networks.apply([...good, one])
      if (result.ok) good.push(one)
      else if (passing(result.fault)) return result
      else faults.set(one.network.id, result.fault)
    }
    const rest = await this.#networks.apply(good)
    return rest.ok ? ok(faults) : rest
  }
}
