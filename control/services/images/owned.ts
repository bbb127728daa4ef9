import { type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Image } from '../../domain/images/image.ts'
import type { Context } from '../verb.ts'

/** An image that the principal may change: the project's own, the platform's for admins. */
export async function ownedImage({ store, scope, principal }: Context, ref: string): Promise<Result<Image>> {
  const found = await store.images.find(scope, ref)
  if (!found.ok) return found
  const { project, name } = found.value
  if (project === principal.project || (project === null && principal.role === 'admin')) return found
  return refuse(
    'forbidden',
    project === null
      ? `${name} belongs to the platform; only an administrator may change it`
      : `${name} belongs to another project; only that project may change it`,
  )
}
