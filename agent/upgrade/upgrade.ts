import { createHash } from 'node:crypto'
import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { UpgradeAnswer, type UpgradeReport } from '@sirocco/shared/wire/upgrade.ts'
import type { At } from '../reconcile/points.ts'
import type { Log } from '../reconcile/reconciler.ts'
import { type Choice, fallenBack, tried } from './choice.ts'
import { keepBundle, readChoice, writeChoice } from './folder.ts'

export interface UpgradeParts {
  readonly data: string
  /** SHA-256 of the bundle that runs, and of the one that is installed. */
  readonly bundle: string
  readonly installed: string
  readonly agentVersion: string
  readonly startsAgain: boolean
  readonly log: Log
  /** Passed at its crash points. */
  readonly at: At
  /** A signed request to the control plane; its answer's status and bytes. */
  ask(method: 'GET' | 'POST', path: string, body?: string): Promise<{ status: number; bytes: Uint8Array }>
  /** Ends this life of the agent, politely, and begins the next. */
  restart(): Promise<void>
}

/** Where a test ends the process. */
export const upgradePoints = ['fetched', 'kept', 'chosen', 'live', 'settled', 'said'].map(name => `upgrade.${name}`)

/** How the agent becomes another: what it is told to be it fetches, checks, keeps beside what runs, and starts. */
export class Upgrade {
  readonly #parts: UpgradeParts
  #talk: Promise<void> = Promise.resolve()
  #restarting = false

  constructor(parts: UpgradeParts) {
    this.#parts = parts
  }

  /** The link is live: what was on trial stays; what is unsaid is said. */
  async live(): Promise<void> {
    const { data, bundle, at } = this.#parts
    const choice = this.#choice()
    if (choice?.chosen === bundle && choice.starts !== null) {
      await at('upgrade.live')
      writeChoice(data, { ...choice, starts: null, unsaid: true })
      await at('upgrade.settled')
      this.#parts.log('info', 'the new bundle stays', { bundle })
    }
    if (this.#choice()?.unsaid) await this.talk()
  }

  /** Says how this agent stands, and becomes what it is told to be. One talk after the other; never throws. */
  talk(): Promise<void> {
    this.#talk = this.#talk
      .then(() => this.#say())
      .catch(error => {
        this.#parts.log('warn', 'the control plane could not be asked for an upgrade', { error: String(error) })
      })
    return this.#talk
  }

  #choice(): Choice | null {
    const choice = readChoice(this.#parts.data)
    return choice?.installed === this.#parts.installed ? choice : null
  }

  async #say(failed: UpgradeReport['failed'] = null): Promise<void> {
    const { data, bundle, agentVersion, at, log } = this.#parts
    if (this.#restarting) return
    const choice = this.#choice()
    const report: UpgradeReport = { agentVersion, bundle, failed: failed ?? (choice?.unsaid ? choice.failed : null) }
    const { status, bytes } = await this.#parts.ask('POST', 'agent/upgrade', JSON.stringify(report))
    if (status !== 200) throw new Error(`it answers ${status}`)
    const { wanted } = UpgradeAnswer.parse(JSON.parse(Buffer.from(bytes).toString('utf8')))
    if (choice?.unsaid) writeChoice(data, { ...choice, unsaid: false })
    await at('upgrade.said')
    if (wanted === null || wanted === bundle || failed !== null) return
    log('info', 'the control plane wants another bundle of this agent', { wanted })
    const begun = await this.#become(wanted).catch((error: unknown) =>
      refuse('internal', `it could not be kept: ${String(error)}`),
    )
    if (!begun.ok) {
      log('warn', 'the upgrade came to nothing', { why: begun.fault.message })
      await this.#say({ bundle: wanted, why: begun.fault.message })
    }
  }

  async #become(wanted: string): Promise<Result<void>> {
    const { data, installed, at } = this.#parts
    if (!this.#parts.startsAgain)
      return refuse('unsupported', 'nothing would start this agent again: run it under systemd, or with Node 22.15 or later')
    const choice = this.#choice()
    if (wanted === installed) {
      // Back to what is installed: there is nothing to fetch.
      if (choice) writeChoice(data, { ...fallenBack({ ...choice, before: null }, ''), failed: null })
    } else {
      const fetched = await this.#fetch(wanted)
      if (!fetched.ok) return fetched
      await at('upgrade.fetched')
      keepBundle(data, wanted, fetched.value, [choice?.chosen ?? null])
      await at('upgrade.kept')
      writeChoice(data, tried(choice, installed, wanted))
      await at('upgrade.chosen')
    }
    this.#restarting = true
    await this.#parts.restart()
    return ok(undefined)
  }

  async #fetch(wanted: string): Promise<Result<Uint8Array>> {
    const { status, bytes } = await this.#parts.ask('GET', `agent/bundles/${wanted}`)
    if (status !== 200) return refuse('unavailable', `the bundle could not be fetched: the control plane answers ${status}`)
    const hash = createHash('sha256').update(bytes).digest('hex')
    return hash === wanted && bytes.byteLength <= limits.bundleBytes
      ? ok(bytes)
      : refuse('internal', `what came is not the bundle that was named: its SHA-256 is ${hash}`)
  }
}
