/** What is billed. */
export const usageKinds = ['machine', 'volume', 'backup', 'received', 'sent'] as const
export type UsageKind = (typeof usageKinds)[number]

/** In what each kind is counted: whole units, summed and never rounded. */
export const usageUnits = {
  /** That a machine of a flavor ran. */
  machine: 'second',
  /** Of a volume in a pool. */
  volume: 'MiB-second',
  /** Of what a backup takes of the blob store. */
  backup: 'MiB-second',
  /** By a machine's network interfaces, from whomever. */
  received: 'byte',
  sent: 'byte',
} as const satisfies Record<UsageKind, string>
