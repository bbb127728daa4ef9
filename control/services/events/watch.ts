import type { Principal } from '../../domain/access/principal.ts'
import { allows } from '../../domain/access/rights.ts'
import type { Watch } from '../../ports/store.ts'

/** The events that somebody is told: of the project, and of hosts where they may see those. */
export const watchOf = ({ project, role }: Principal): Exclude<Watch, 'platform'> => ({
  project,
  hosts: allows(role, 'hosts.list'),
})
