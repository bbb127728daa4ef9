import { roles } from './principal.ts'
import { allows, rights, type VerbName } from './rights.ts'

/** The table of rights as people read it: Markdown, a row for each verb. `docs/rights.md` is what this answers; a test holds it to that. */
export function rightsPage(): string {
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const verbs = Object.keys(rights) as VerbName[]
  return [
    '# Who may do what',
    '',
    'Made from `control/domain/access/rights.ts`, the one table that every dialect asks; do not edit it here.',
    '',
    'Each role may do what those before it may. Viewers, operators and owners are so in one project; `admin` is of the platform. Whatever',
    'the role, what belongs to another project is answered as if it were not there (`not_found`), and a verb that the role does not have as',
    '`forbidden`, before anything is looked at.',
    '',
    row(['verb', ...roles]),
    row(['---', ...roles.map(() => ':-:')]),
    ...verbs.toSorted().map(verb => row([`\`${verb}\``, ...roles.map(role => (allows(role, verb) ? 'yes' : ''))])),
    '',
  ].join('\n')
}
