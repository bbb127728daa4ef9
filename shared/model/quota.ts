/** What a project may be limited in. `memory` and `disk` in MiB: of machines, and of volumes. */
export const quotaResources = ['machines', 'vcpus', 'memory', 'volumes', 'disk', 'snapshots', 'networks'] as const
export type QuotaResource = (typeof quotaResources)[number]
