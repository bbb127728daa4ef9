import { setTimeout as pause } from 'node:timers/promises'
import type { Fleet, Op } from './fleet.ts'

/** What an operation is asked for: under which token, and of which machine. */
export interface Subject {
  readonly token: string
  readonly machine: string | null
}

interface Running {
  readonly id: string
  readonly since: number
  rebooted: boolean
}

/** Machines that run and were never asked for anything else but, some, to reboot: every operation of a kind is the only one of its machine. */
export class Stock {
  readonly #fleet: Fleet
  readonly #newToken: () => string
  /** ms after which a guest hears its power button. */
  readonly #bootMs: number
  readonly #running: Running[] = []

  constructor(fleet: Fleet, newToken: () => string, bootMs: number) {
    this.#fleet = fleet
    this.#newToken = newToken
    this.#bootMs = bootMs
  }

  add(id: string): void {
    this.#running.push({ id, since: performance.now(), rebooted: false })
  }

  async fill(count: number): Promise<void> {
    const names = Array.from({ length: count }, this.#newToken)
    for (const name of names) await this.#fleet.insist('create', name, null)
    for (const name of names) this.add(await this.#fleet.settled('create', name, null))
  }

  /** The oldest to stop or to reboot, the newest to delete: few guests wait for their turn. */
  async subject(op: Op): Promise<Subject> {
    const token = this.#newToken()
    if (op === 'create') return { token, machine: null }
    const suit = () => this.#running.filter(({ rebooted }) => op !== 'reboot' || !rebooted)
    if (suit().length === 0) await this.fill(2)
    const machine = suit().at(op === 'delete' ? -1 : 0)
    if (!machine) throw new Error('no machine runs')
    machine.rebooted ||= op === 'reboot'
    if (op !== 'reboot') this.#running.splice(this.#running.indexOf(machine), 1)
    if (op === 'stop') await pause(Math.max(0, machine.since + this.#bootMs - performance.now()))
    return { token, machine: machine.id }
  }
}
