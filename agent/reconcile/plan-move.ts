import type { WantedMove } from '@sirocco/shared/wire/objects.ts'
import { isUp, type Plan, type View } from './plan.ts'

/** What of a machine's move decides on this host. */
export type MoveView = WantedMove & {
  /** Is the other host listened for? */
  readonly listening: boolean
}

const nothing: Plan = { steps: [] }

/** Is the machine on its way to this host, and not known to have arrived? Then what the hypervisor shows is no machine of ours yet. */
export const isComing = ({ wanted, facts }: View): boolean =>
  wanted?.move?.role === 'to' &&
  !(facts.move?.id === wanted.move.id && (facts.move.phase === 'arrived' || facts.move.phase === 'came'))

/**
 * The next steps where a machine moves; null where it does not. On the host that it leaves nothing starts it, on the host that it goes to
 * only its arrival does: whatever dies in between, it runs on one of them at most.
 */
export function planMove({ wanted, found, facts }: View): Plan | null {
  if (!wanted) return null
  const { move } = wanted
  if (!move) return facts.move && wanted.power !== 'gone' ? { steps: ['stay'] } : null
  const known = facts.move?.id === move.id ? facts.move.phase : null
  // It goes as it was when that was asked.
  const goes = move.offline ? (wanted.power === 'off' || wanted.power === 'cut') && !isUp(found) : wanted.power === 'on'
  if (move.role === 'from') return known === null && move.endpoint && !move.off && goes ? { steps: ['leave'] } : nothing
  if (known === 'arrived' || known === 'nothing') return nothing
  if (known === 'came' || (found && found.power !== 'paused')) return { steps: ['network', 'fetch', 'prepare', 'adopt'] }
  if (move.off || !goes) return { steps: ['refuse'] }
  return move.listening ? nothing : { steps: ['network', 'fetch', 'prepare', 'listen'] }
}
