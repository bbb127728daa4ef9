/**
 * What a project may be limited in. `memory` and `disk` in MiB: of machines, and of volumes. `money` in millionths of the currency, of a month: once
 * more is spent nothing new is launched.
 */
export const quotaResources = ['machines', 'vcpus', 'memory', 'volumes', 'disk', 'snapshots', 'networks', 'money'] as const
export type QuotaResource = (typeof quotaResources)[number]
