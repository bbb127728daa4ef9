/** What cannot happen. Throws; never for input, which is refused by a Fault. */
export function assert(holds: unknown, what: string): asserts holds {
  if (!holds) throw new Error(`impossible: ${what}`)
}
