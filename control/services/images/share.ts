import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import { visibilities } from '@sirocco/shared/model/images/states.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { z } from 'zod'
import type { Change } from '../../ports/changes.ts'
import { Ref } from '../inputs.ts'
import { read, write } from '../verb.ts'
import { ownedImage } from './owned.ts'

/** Who may launch from an image beside its owner: nobody, the projects named here and no others, or (admins) everybody. */
export const shareImage = write('images.share', {
  input: z.object({
    image: Ref,
    visibility: z.enum(visibilities),
    /** By id, account or name; what was shared before and is not named loses it. */
    projects: z.array(z.string().min(1).max(255)).max(limits.imageShares).default([]),
  }),
  async run(context, { image: ref, visibility, projects }) {
    const found = await ownedImage(context, ref)
    if (!found.ok) return found
    const { id, project } = found.value
    if (project === null) return refuse('precondition', 'images of the platform are for everybody')
    if (visibility === 'public' && context.principal.role !== 'admin')
      return refuse('forbidden', 'only an administrator may open an image to everybody; share it with projects instead', {
        field: 'visibility',
      })
    if ((visibility === 'project') !== projects.length > 0)
      return refuse('invalid', 'name projects to share with them, and only then', { field: 'projects' })
    const named = projects.length === 0 ? ok([]) : await context.store.images.projects(projects)
    if (!named.ok) return named
    const changes: Change[] = [
      { do: 'image.visibility', image: id, visibility },
      { do: 'image.unshare', image: id },
      ...named.value.map(({ id: other }) => ({ do: 'image.share', image: id, project: other }) as const),
      { do: 'event', project, type: 'image.shared', subject: id, data: { visibility } },
    ]
    return ok({ answer: { image: id }, subjects: [id, ...named.value.map(p => p.id)], changes })
  },
})

/** With whom an image is shared: its owner alone may know. */
export const listShares = read('images.share', {
  input: z.object({ image: Ref }),
  async run(context, { image: ref }) {
    const found = await ownedImage(context, ref)
    return found.ok ? context.store.images.shares(found.value.id) : found
  },
})
