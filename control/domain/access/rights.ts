import type { Role } from './principal.ts'

/** Who may do what: the one table. A verb without its row does not compile (`verb` takes only these names). */
export const rights = {
  'machines.list': 'viewer',
  'machines.launch': 'operator',
  'machines.start': 'operator',
  'machines.stop': 'operator',
  'machines.reboot': 'operator',
  'machines.pause': 'operator',
  'machines.suspend': 'operator',
  'machines.resume': 'operator',
  'machines.delete': 'operator',
  'machines.rename': 'operator',
  'machines.protect': 'operator',
  'machines.resize': 'operator',
  'machines.user-data': 'operator',
  'machines.console': 'operator',
  'machines.console-log': 'viewer',
  'volumes.list': 'viewer',
  'volumes.create': 'operator',
  'volumes.attach': 'operator',
  'volumes.detach': 'operator',
  'volumes.grow': 'operator',
  'volumes.delete': 'operator',
  'snapshots.list': 'viewer',
  'snapshots.create': 'operator',
  'snapshots.delete': 'operator',
  'machines.screen': 'operator',
  'machines.screenshot': 'viewer',
  'machines.guest-facts': 'viewer',
  'machines.guest-password': 'operator',
  'machines.guest-key': 'operator',
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
  'placement-groups.list': 'viewer',
  'placement-groups.create': 'operator',
  'placement-groups.delete': 'operator',
  'placement.explain': 'admin',
  'hosts.list': 'admin',
  'hosts.update': 'admin',
} as const satisfies Record<string, Role>

export type VerbName = keyof typeof rights

const rank: Record<Role, number> = { viewer: 0, operator: 1, owner: 2, admin: 3 }

export const allows = (role: Role, verb: VerbName): boolean => rank[role] >= rank[rights[verb]]
