import { DurableObject } from 'cloudflare:workers'
import { limits } from '@sirocco/shared/model/limits.ts'
import { z } from 'zod'
import { composeWorld } from '../compose.ts'
import type { Env } from '../env.ts'
import { runDue } from '../operations/engine.ts'
import { workflows } from '../operations/index.ts'
import { Coalesced } from './coalesced.ts'

/**
 * Runs the operations of one shard: on a poke at once, else when the next is due. It keeps its number and its alarm; were both lost, cron
 * pokes it again.
 */
export class Operations extends DurableObject<Env> {
  readonly #runs = new Coalesced()
  #restUntil = 0

  /** Some of this shard may be due. */
  async poke(shard: number): Promise<void> {
    if ((await this.ctx.storage.get('shard')) !== shard) await this.ctx.storage.put('shard', shard)
    this.ctx.waitUntil(this.#runs.run(() => this.#run(shard)))
  }

  override async alarm(): Promise<void> {
    const shard = z.int().safeParse(await this.ctx.storage.get('shard'))
    if (shard.success) await this.#runs.run(() => this.#run(shard.data))
  }

  /** A bounded share of what is due; the alarm goes on. */
  async #run(shard: number): Promise<void> {
    try {
      await this.ctx.storage.setAlarm(Date.now() + limits.runGuard)
      const early = this.#restUntil - Date.now()
      if (early > 0) await new Promise(resolve => setTimeout(resolve, early))
      const begun = Date.now()
      const ran = await runDue(composeWorld(this.env, this.ctx), workflows, shard)
      this.#restUntil = Date.now() + Math.min(limits.shardRest * (Date.now() - begun), limits.shardRestMax)
      const next = ran.ok ? ran.value : Date.now() + limits.runRetry
      if (next === null) await this.ctx.storage.deleteAlarm()
      else await this.ctx.storage.setAlarm(Math.max(next, Date.now()))
    } catch (error) {
      // The alarm of before the run stands: it looks again.
      console.error(JSON.stringify({ level: 'error', message: 'operations', shard, error: String(error) }))
    }
  }
}
