import { second } from '../shared/kit/clock.ts'

/** miniflare has no clock of its own for cron; what the Worker does then only re-arms what was lost. */
const interval = 10 * second

/** Calls the Worker's cron handler again and again, never twice at the same time. */
export function startCron(run: () => Promise<void>, failed: (why: string) => void): { stop(): void } {
  let running = false
  const tick = async () => {
    if (running) return
    running = true
    try {
      await run()
    } catch (reason) {
      failed(reason instanceof Error ? reason.message : String(reason))
    } finally {
      running = false
    }
  }
  // At once, too: what was lost by a crash waits no further interval.
  void tick()
  const timer = setInterval(tick, interval)
  return { stop: () => clearInterval(timer) }
}
