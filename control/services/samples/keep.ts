import { ok, type Result } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import type { Window } from '@sirocco/shared/wire/samples.ts'
import type { Ports } from '../context.ts'

/** How old a window may be that an agent still tells: as old as it remembers, and its clock's error. */
const oldest = (limits.sampleWindows + 1) * limits.sampleWindow + limits.clockSkew

/** Keeps a window of a host as one row; told twice it is kept once, and one of another time is let go. */
export async function keepWindow({ store, clock }: Ports, host: Id<'host'>, window: Window): Promise<Result<void>> {
  const age = clock.now() - window.at
  if (window.at % limits.sampleWindow !== 0 || age > oldest || age < -limits.clockSkew) return ok(undefined)
  return store.commit([{ do: 'samples.keep', host, window }])
}
