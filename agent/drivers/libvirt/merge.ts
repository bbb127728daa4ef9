import type { Timers } from '@sirocco/shared/kit/clock.ts'
import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import type { DiskMerge, Merging } from '../../ports/compute.ts'
import { chainIn } from './disks.ts'
import { faultOf } from './faults.ts'
import type { Connection } from './rpc/connection.ts'
import { type Domain, procedures } from './rpc/procedures.ts'

interface MergeParts {
  readonly link: Connection
  readonly domain: Domain
  readonly device: string
  readonly timers: Timers
}

/** Writes the upper of two files of a running disk down into the lower, by a job of its hypervisor; one that an earlier life of the agent began is waited for. */
export async function mergeDisk(parts: MergeParts, merge: DiskMerge, how: Merging): Promise<Result<void>> {
  const { link, domain, device } = parts
  const begun = await link.call(procedures.blockJob, { domain, device })
  if (!begun.ok) return faultOf(begun.error)
  if (begun.value === null) {
    const chain = await chainOf(parts)
    if (!chain.ok) return chain
    if (isMerged(chain.value, merge)) return ok(undefined)
    if (how.cancel.aborted) return putOff
    const commit = { domain, device, base: merge.under, top: merge.over }
    const started = await link.call(procedures.blockCommit, commit, limits.libvirtLongCall)
    if (!started.ok) return faultOf(started.error)
  }
  const ended = await wait(parts, how)
  if (!ended.ok) return ended
  const chain = await chainOf(parts)
  if (!chain.ok) return chain
  return isMerged(chain.value, merge) ? ok(undefined) : refuse('unavailable', 'the hypervisor did not come to merge its files')
}

const putOff = refuse('unavailable', 'merging its files was put off')

const isMerged = (chain: readonly string[], { under, over }: DiskMerge): boolean => !chain.includes(over) && chain.includes(under)

async function wait({ link, domain, device, timers }: MergeParts, { progress, cancel }: Merging): Promise<Result<void>> {
  for (;;) {
    if (cancel.aborted) {
      const aborted = await link.call(procedures.abortBlockJob, { domain, device }, limits.libvirtLongCall)
      // It may have come to its end first.
      return aborted.ok || aborted.error.kind !== 'lost' ? putOff : faultOf(aborted.error)
    }
    const job = await link.call(procedures.blockJob, { domain, device })
    if (!job.ok) return faultOf(job.error)
    if (job.value === null) return ok(undefined)
    const { done, end } = job.value
    if (end > 0n) progress(Number((100n * done) / end))
    await new Promise<void>(resolve => {
      const timer = timers.after(limits.mergeLook, () => {
        cancel.removeEventListener('abort', now)
        resolve()
      })
      const now = () => {
        timer.cancel()
        resolve()
      }
      cancel.addEventListener('abort', now, { once: true })
    })
  }
}

async function chainOf({ link, domain, device }: MergeParts): Promise<Result<readonly string[]>> {
  const live = await link.call(procedures.xml, { domain, flags: 0 })
  if (!live.ok) return faultOf(live.error)
  const chain = chainIn(live.value, device)
  return chain.length > 0 ? ok(chain) : refuse('precondition', `the machine has no ${device}`)
}
