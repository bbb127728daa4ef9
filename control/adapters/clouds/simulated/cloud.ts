import { type FaultCode, ok, type Refused, type Result, refuse } from '@sirocco/shared/kit/fault.ts'

/** An instance as the foreign cloud describes it. `state` is its own word, one that nobody told us of among them. */
export interface Instance {
  readonly id: string
  readonly state: string
  readonly tags: Readonly<Record<string, string>>
}

interface Kept extends Instance {
  readonly token: string
  readonly request: string
  /** In listings only from this describe on. */
  readonly visibleAt: number
}

/** What goes wrong with the next call: refused before anything is done, or done and its answer lost. */
export type Trouble = { readonly before: FaultCode } | { readonly after: FaultCode }

interface Page {
  readonly instances: readonly Instance[]
  readonly marker: string | null
}

/** Instances of one page of a listing. */
const pageSize = 3

/**
 * A foreign cloud in memory, with the habits of real ones: what was just made is missing from listings for a while, tokens land a
 * launch once, listings come in pages whose markers expire, work may be done by a call that answers 500.
 */
export class ForeignCloud {
  readonly #instances = new Map<string, Kept>()
  readonly #markers = new Map<string, string>()
  readonly #rebooted = new Set<string>()
  #describes = 0
  #made = 0
  #troubles: Trouble[] = []
  /** Listings that a new instance is missing from. */
  hiddenFor = 0
  /** Calls that were made, by verb. */
  readonly calls = new Map<string, number>()
  readonly resets = new Map<string, number>()

  trouble(...next: readonly Trouble[]): void {
    this.#troubles.push(...next)
  }
  /** Without looking through the API: for those who check. */
  all(): readonly Instance[] {
    return [...this.#instances.values()]
  }
  /** Somebody else does this to an instance, in the cloud's own console. */
  meddle(id: string, state: string | null): void {
    const found = this.#instances.get(id)
    if (state === null) this.#instances.delete(id)
    else if (found) this.#instances.set(id, { ...found, state })
  }
  expireMarkers(): void {
    this.#markers.clear()
  }

  /** The same token with the same request is one launch; with another request it is refused. */
  async run(token: string, tags: Readonly<Record<string, string>>): Promise<Result<Instance>> {
    return this.#call('run', () => {
      const request = JSON.stringify(tags)
      const before = [...this.#instances.values()].find(i => i.token === token)
      if (before) return before.request === request ? ok(before) : refuse('conflict', 'the token was used with other parameters')
      const instance: Kept = {
        id: `f-${++this.#made}`,
        state: 'running',
        tags,
        token,
        request,
        visibleAt: this.#describes + this.hiddenFor + 1,
      }
      this.#instances.set(instance.id, instance)
      return ok(instance)
    })
  }
  async start(id: string): Promise<Result<void>> {
    return this.#call('start', () => this.#become(id, 'running'))
  }
  async stop(id: string): Promise<Result<void>> {
    return this.#call('stop', () => this.#become(id, 'stopped'))
  }
  /** What is gone is refused, as clouds do. */
  async terminate(id: string): Promise<Result<void>> {
    return this.#call('terminate', () =>
      this.#instances.delete(id) ? ok(undefined) : refuse('not_found', `there is no instance ${id}`),
    )
  }
  async reboot(id: string, token: string): Promise<Result<void>> {
    return this.#call('reboot', () => {
      if (!this.#instances.has(id)) return refuse('not_found', `there is no instance ${id}`)
      if (this.#rebooted.has(token)) return ok(undefined)
      this.#rebooted.add(token)
      this.resets.set(id, (this.resets.get(id) ?? 0) + 1)
      return ok(undefined)
    })
  }
  /** One instance by its id: at once, unlike listings. */
  async describe(id: string): Promise<Result<Instance>> {
    return this.#call('describe', () => {
      const found = this.#instances.get(id)
      return found ? ok(found) : refuse('not_found', `there is no instance ${id}`)
    })
  }
  /** One page; `invalid` for a marker that has expired. */
  async list(marker: string | null): Promise<Result<Page>> {
    return this.#call('list', (): Result<Page> => {
      const after = marker === null ? '' : this.#markers.get(marker)
      if (after === undefined) return refuse('invalid', 'the marker has expired')
      if (marker === null) this.#describes++
      const visible = [...this.#instances.values()].filter(i => i.visibleAt <= this.#describes && order(i.id) > order(after))
      const instances = visible.sort((a, b) => order(a.id) - order(b.id)).slice(0, pageSize)
      const last = instances.at(-1)
      if (visible.length <= pageSize || !last) return ok({ instances, marker: null })
      const next = `m${this.#describes}.${last.id}`
      this.#markers.set(next, last.id)
      return ok({ instances, marker: next })
    })
  }

  #become(id: string, state: string): Result<void> {
    const found = this.#instances.get(id)
    if (!found) return refuse('not_found', `there is no instance ${id}`)
    this.#instances.set(id, { ...found, state })
    return ok(undefined)
  }

  #call<T>(verb: string, run: () => Result<T>): Result<T> {
    this.calls.set(verb, (this.calls.get(verb) ?? 0) + 1)
    const trouble = this.#troubles.shift()
    if (!trouble) return run()
    if ('before' in trouble) return failed(trouble.before)
    run()
    return failed(trouble.after)
  }
}

const failed = (code: FaultCode): Refused => refuse(code, `the cloud answered ${code}`)
const order = (id: string): number => Number(id.slice(2))
