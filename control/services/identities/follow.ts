import type { Id } from '@sirocco/shared/kit/id.ts'
import type { Following } from '../../domain/access/identity.ts'
import type { Change } from '../../ports/changes.ts'

/** Memberships as groups say. Guard `stale` where they are others by now. */
export function followed(
  provider: Id<'identityProvider'>,
  user: Id<'user'>,
  { give, change, take }: Pick<Following, 'give' | 'change' | 'take'>,
): readonly Change[] {
  const noted = (project: Id<'project'>, type: string, data: Readonly<Record<string, unknown>> = {}): readonly Change[] => [
    { do: 'event', project, type, subject: user, data },
    { do: 'audit', project, actor: provider, verb: 'identities.follow', subjects: [user] },
  ]
  return [
    ...take.flatMap(({ project, from }): readonly Change[] => [
      { do: 'membership.remove', project, user, from, givenBy: provider },
      ...noted(project, 'member.gone'),
    ]),
    ...change.flatMap(({ project, from, role }): readonly Change[] => [
      { do: 'membership.change', project, user, from, role, givenBy: provider },
      ...noted(project, 'member.changed', { role }),
    ]),
    ...give.flatMap(({ project, role }): readonly Change[] => [
      { do: 'membership.insert', project, user, role, givenBy: provider },
      ...noted(project, 'member.joined', { role }),
    ]),
  ]
}
