/** What cannot happen. Throws; never for input, which is refused by a Fault. */
export function assert(holds: unknown, what: string): asserts holds {
  if (!holds) throw new Error(`impossible: ${what}`)
}

/** The case a switch over a closed union cannot reach. */
export function unreachable(value: never): never {
  throw new Error(`impossible: ${JSON.stringify(value)}`)
}
