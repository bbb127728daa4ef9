import { type Refused, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Image } from './image.ts'

/** Why no machine can be launched from it now; null: it can. */
export function unlaunchable({ name, state, failure, import: making }: Image): Refused | null {
  const field = { field: 'image' }
  if (state === 'ready') return null
  if (state === 'pending') return refuse('precondition', `${name} waits for its upload; finish that first`, field)
  if (state === 'importing') {
    const progress = making?.observed?.progress
    return refuse(
      'precondition',
      `${name} is still being made${progress ? ` (${progress})` : ''}; try again when it is ready`,
      field,
    )
  }
  return refuse('precondition', `${name} cannot be used: ${failure?.message ?? 'it is being deleted'}`, field)
}
