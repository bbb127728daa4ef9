import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Machine } from './machine.ts'

/** May this machine run on another host, now that its own is fenced? Refused with the reason, for whoever waits for it. */
export function recoverable({ recover, name }: Pick<Machine, 'recover' | 'name'>): Result<void> {
  if (recover === 'fresh') return ok(undefined)
  if (recover === 'disk')
    return refuse(
      'precondition',
      `the disk of ${name} is on its host only, which is fenced: it waits until that returns; to run it elsewhere with a fresh disk, set recover to fresh`,
    )
  return refuse('precondition', `${name} is not to be restarted elsewhere: set recover to have it so`)
}
