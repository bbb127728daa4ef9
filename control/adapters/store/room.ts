const used = (column: string) =>
  `coalesce((SELECT sum(a."${column}") FROM allocation a WHERE a.host = host.id AND a.until IS NULL), 0)`
const capacity = (fact: string, ratio: string) =>
  `coalesce((SELECT CAST(o."${fact}" * host."${ratio}" AS INTEGER) FROM host_observed o WHERE o.host = host.id), 0)`

/** Counts anew what may still be claimed on hosts. For all, where a database has hosts from before it was counted; else with a WHERE. */
export const roomSql = `UPDATE host SET
  "freeVcpus" = ${capacity('cpus', 'cpuRatio')} - ${used('vcpus')},
  "freeMemoryMiB" = ${capacity('memoryMiB', 'memoryRatio')} - ${used('memoryMiB')},
  "freeDiskMiB" = ${capacity('diskMiB', 'diskRatio')} - ${used('diskMiB')}`
