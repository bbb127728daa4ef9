/** What is counted, and by which labels. Their values are of fixed sets: never an id, an address, or a word that somebody chose. */
export const counters = {
  sirocco_requests_total: 'Requests answered, by dialect, verb or action, and HTTP status',
  sirocco_batches_total:
    'Batches written to the database, by what became of them: landed, or the guard or fault that refused them',
  sirocco_reconciles_total: 'Runs of reconcilers, by name and whether they failed',
} as const satisfies Record<string, string>
export type Counter = keyof typeof counters

export interface Counted {
  readonly name: Counter
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** Counts since this isolate began: as a process's counters begin anew with it. */
export interface Meters {
  count(name: Counter, labels: Readonly<Record<string, string>>): void
  counted(): readonly Counted[]
}
