import type { Role } from './principal.ts'

/** Who may do what: the one table. A verb without its row does not compile (`verb` takes only these names). */
export const rights = {
  'machines.list': 'viewer',
  'machines.launch': 'operator',
  'machines.start': 'operator',
  'machines.stop': 'operator',
  'machines.reboot': 'operator',
  'machines.delete': 'operator',
  'machines.migrate': 'admin',
  'machines.console': 'operator',
  'machines.console-log': 'viewer',
  'tags.set': 'operator',
  'tags.unset': 'operator',
  'tags.list': 'viewer',
  'key-pairs.list': 'viewer',
  'key-pairs.import': 'operator',
  'key-pairs.create': 'operator',
  'key-pairs.delete': 'operator',
  'images.list': 'viewer',
  'flavors.list': 'viewer',
  'regions.list': 'viewer',
  'networks.list': 'viewer',
  'operations.list': 'viewer',
  'events.list': 'viewer',
  'hosts.list': 'admin',
  'hosts.maintain': 'admin',
  'hosts.return': 'admin',
} as const satisfies Record<string, Role>

export type VerbName = keyof typeof rights

const rank: Record<Role, number> = { viewer: 0, operator: 1, owner: 2, admin: 3 }

export const allows = (role: Role, verb: VerbName): boolean => rank[role] >= rank[rights[verb]]
