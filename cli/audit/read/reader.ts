import type { Result } from '@sirocco/shared/kit/fault.ts'
import type { Place } from '../../place.ts'
import type { Found, Kind } from '../item.ts'

/** Reads a part of a host by the host's own tools. */
export interface Reader {
  readonly kinds: readonly Kind[]
  read(place: Place, host: string): Promise<Result<Found[]>>
}
