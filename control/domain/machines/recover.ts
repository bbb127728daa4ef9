import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { isShared } from '../volumes/pool.ts'
import type { Machine } from './machine.ts'

/** May this machine run on another host, now that its own is fenced? Refused with the reason, for whoever waits for it. */
export function recoverable({ recover, name, volumes }: Pick<Machine, 'recover' | 'name' | 'volumes'>): Result<void> {
  if (recover === 'fresh') return ok(undefined)
  if (recover === 'disk' && volumes.every(({ pool }) => isShared(pool))) return ok(undefined)
  if (recover === 'disk')
    return refuse(
      'precondition',
      `the disk of ${name} is on its host only, which is fenced: it waits until that returns; to run it elsewhere with a fresh disk, set recover to fresh`,
    )
  return refuse('precondition', `${name} is not to be restarted elsewhere: set recover to have it so`)
}
