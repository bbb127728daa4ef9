import { MachinePage } from '@sirocco/shared/api/machines.ts'
import { OperationPage } from '@sirocco/shared/api/operations.ts'
import { VolumePage } from '@sirocco/shared/api/volumes.ts'
import { z } from 'zod'
import type { Instance } from '../support/instance.ts'
import { until } from '../support/until.ts'

export type Op = 'create' | 'stop' | 'cut' | 'start' | 'delete' | 'reboot'

const requests = {
  stop: { method: 'POST', path: '/stop', body: {} },
  cut: { method: 'POST', path: '/stop', body: { force: true } },
  start: { method: 'POST', path: '/start', body: {} },
  reboot: { method: 'POST', path: '/reboot', body: {} },
  delete: { method: 'DELETE', path: '', body: undefined },
} as const satisfies Record<Exclude<Op, 'create'>, { method: string; path: string; body: unknown }>

const goals = { create: 'running', stop: 'stopped', cut: 'stopped', start: 'running', reboot: 'running', delete: 'gone' } as const
export const kinds = { create: 'create', stop: 'stop', cut: 'stop', start: 'start', reboot: 'reboot', delete: 'delete' } as const
const ended = ['done', 'failed', 'cancelled', 'superseded']

const Images = z.object({ items: z.array(z.object({ id: z.string() })) })

/** Asks for machines of an instance, each request under its own token, and knows when all that was asked has come about. */
export class Fleet {
  readonly #instance: Instance
  readonly #flavor: string
  /** Where machines are launched into; none: the default network. */
  readonly #subnet: { readonly subnet?: string }
  #image: string

  /** Of the image named, else of the first there is. */
  constructor(
    instance: Instance,
    { image = '', flavor = 't3.pico', subnet }: { image?: string; flavor?: string; subnet?: string } = {},
  ) {
    this.#instance = instance
    this.#image = image
    this.#flavor = flavor
    this.#subnet = subnet === undefined ? {} : { subnet }
  }

  /** The request of `op`: for `create` under the name `token`, else of `machine`. */
  async request(op: Op, token: string, machine: string | null): Promise<{ method: string; path: string; body: unknown }> {
    if (op === 'create')
      return {
        method: 'POST',
        path: '/machines',
        body: { name: token, image: await this.#anImage(), flavor: this.#flavor, ...this.#subnet },
      }
    const { method, path, body } = requests[op]
    return { method, path: `/machines/${machine}${path}`, body }
  }

  /** Asks once; whether it was accepted is not waited for. */
  async ask(op: Op, token: string, machine: string | null): Promise<void> {
    const { method, path, body } = await this.request(op, token, machine)
    await this.#instance.ask(method, path, body, token)
  }

  /** Asks until it is accepted, as a client does that lost the answer. */
  async insist(op: Op, token: string, machine: string | null): Promise<void> {
    const { method, path, body } = await this.request(op, token, machine)
    const { status, body: answer } = await this.#instance.insist(method, path, body, token)
    if (status !== 202) throw new Error(`${op} is refused with ${status}: ${JSON.stringify(answer)}`)
  }

  async named(token: string) {
    const { body } = await this.#instance.insist('GET', `/machines?limit=1000&name=${token}`)
    return MachinePage.parse(body).items.filter(({ name }) => name === token)
  }

  /** The machine that `token` made, once `op` has come about; throws where it did not, or came about twice. */
  async settled(op: Op, token: string, machine: string | null): Promise<string> {
    await this.insist(op, token, machine)
    const id = machine ?? (await this.#theOnly(token))
    await until(`${id} to be ${goals[op]}`, async () => {
      const { body } = await this.#instance.ask('GET', `/machines/${id}`)
      const { state, stateReason } = z.object({ state: z.string(), stateReason: z.unknown() }).parse(body)
      if (state === 'failed') throw new Error(`${id} has failed: ${JSON.stringify(stateReason)}`)
      if (state !== goals[op]) throw new Error(`it is ${state}`)
      return true
    })
    await until(`the operations of ${id} to end`, async () => {
      const operations = await this.#operations(id)
      const open = operations.filter(({ state }) => !ended.includes(state))
      if (open.length > 0) throw new Error(open.map(({ kind, state, waiting }) => `${kind} ${state}: ${waiting}`).join(', '))
      return true
    })
    if (op === 'delete')
      await until('its volume to be gone', async () => {
        const { body } = await this.#instance.ask('GET', '/volumes?limit=1000')
        return VolumePage.parse(body).items.some(({ state }) => state === 'deleting') ? null : true
      })
    const same = (await this.#operations(id)).filter(({ kind }) => kind === `machine.${kinds[op]}`)
    const done = same.filter(({ state }) => state === 'done')
    if (same.length !== 1) throw new Error(`${id} has ${same.length} operations to ${kinds[op]} it`)
    // A reset whose end nobody saw is reported failed, and not tried again.
    if (done.length !== 1 && op !== 'reboot') throw new Error(`to ${kinds[op]} ${id} is ${same[0]?.state}`)
    if (op === 'create') await this.#theOnly(token)
    return id
  }

  /** How the last `op` of a machine ended. */
  async outcome(op: Op, machine: string): Promise<string> {
    return (await this.#operations(machine)).find(({ kind }) => kind === `machine.${kinds[op]}`)?.state ?? 'unknown'
  }

  async #theOnly(token: string): Promise<string> {
    const machines = await this.named(token)
    const [machine] = machines
    if (!machine || machines.length !== 1) throw new Error(`token ${token} made ${machines.length} machines`)
    return machine.id
  }

  async #operations(machine: string) {
    const { body } = await this.#instance.insist('GET', `/operations?subject=${machine}`)
    return OperationPage.parse(body).items
  }

  async #anImage(): Promise<string> {
    if (this.#image === '') {
      const { body } = await this.#instance.insist('GET', '/images')
      this.#image = Images.parse(body).items[0]?.id ?? ''
    }
    return this.#image
  }
}
