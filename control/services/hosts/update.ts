import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { z } from 'zod'
import type { HostWords } from '../../domain/hosts/host.ts'
import { Tags } from '../inputs.ts'
import { write } from '../verb.ts'
import { theHost } from './the-host.ts'

const words = `a ratio is from ${limits.ratioMin} to ${limits.ratioMax}`
const Ratio = z.number().min(limits.ratioMin, words).max(limits.ratioMax, words)

const Input = z.object({
  host: z.string().min(1).max(64),
  accepting: z.boolean().optional(),
  cpuRatio: Ratio.optional(),
  memoryRatio: Ratio.optional(),
  diskRatio: Ratio.optional(),
  /** Whole: those that are not named are taken off. */
  tags: Tags.optional(),
})

/**
 * Says how a host is used: whether it takes new machines, how far it may be overcommitted, what launches may ask of it. What is not named
 * stays. Machines that are on it stay on it, also where a lower ratio or another tag would not have them today.
 */
export const updateHost = write('hosts.update', {
  input: Input,
  async run({ store }, { host: ref, accepting, cpuRatio, memoryRatio, diskRatio, tags }) {
    const host = await theHost(store, ref)
    if (!host.ok) return host
    const { id } = host.value
    const set: Partial<HostWords> = {
      ...(accepting === undefined ? {} : { accepting }),
      ...(cpuRatio === undefined ? {} : { cpuRatio }),
      ...(memoryRatio === undefined ? {} : { memoryRatio }),
      ...(diskRatio === undefined ? {} : { diskRatio }),
      ...(tags === undefined ? {} : { tags }),
    }
    const changed = Object.keys(set)
    if (changed.length === 0) return refuse('invalid', 'say what to change: accepting, cpuRatio, memoryRatio, diskRatio or tags')
    return ok({
      answer: { host: id },
      subjects: [id],
      changes: [
        { do: 'host.update', host: id, set },
        { do: 'event', project: null, type: 'host.changed', subject: id, data: { changed } },
      ],
    })
  },
})
