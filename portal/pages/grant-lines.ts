import type { IdentityProvider, Project } from '../api/types.ts'

export type Grant = IdentityProvider['grants'][number]

/** `group, project, role`, a line each; null where a line is none. From the right, since groups are named as others like. */
export function grantsOf(text: string): Grant[] | null {
  const grants: Grant[] = []
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue
    const [, group = '', project = '', word = ''] = /^(.+),([^,]+),([^,]+)$/.exec(line) ?? []
    const role = (['viewer', 'operator', 'owner'] as const).find(each => each === word.trim())
    if (role === undefined || group.trim() === '' || project.trim() === '') return null
    grants.push({ group: group.trim(), project: project.trim(), role })
  }
  return grants
}

/** The same back, by the names of projects that are known. */
export const linesOf = (grants: readonly Grant[], projects: readonly Pick<Project, 'id' | 'name'>[]): string =>
  grants
    .map(({ group, project, role }) => `${group}, ${projects.find(({ id }) => id === project)?.name ?? project}, ${role}`)
    .join('\n')
