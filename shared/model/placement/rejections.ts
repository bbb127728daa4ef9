/** Why a host is left out by placement, for admins; the first that holds, in this order. */
export const rejections = [
  'no_facts',
  'not_accepting',
  'silent',
  'just_refused',
  'other_architecture',
  'other_hypervisor',
  'tags_missing',
  'disk_elsewhere',
  'pool_missing',
  'group_elsewhere',
  'group_here',
  'cpu_full',
  'memory_full',
  'disk_full',
  'pool_full',
] as const
export type Rejection = (typeof rejections)[number]
