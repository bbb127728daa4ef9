import type { Said } from '@sirocco/shared/kit/fault.ts'
import type { Reason } from '@sirocco/shared/model/machines/transitions.ts'
import { say } from '@sirocco/shared/model/messages.ts'

/** A reason as the person who asked should read it. */
export const because = (reason: Reason, name: string): Said => say(`machine.${reason}`, { name })
