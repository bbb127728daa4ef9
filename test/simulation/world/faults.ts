/** Every kind of fault a world can have, with how many of them a run of a thousand steps must fire at least to mean anything. */
export const faultKinds = [
  'agent killed',
  'control plane killed',
  'host rebooted',
  'link cut',
  'link half open',
  'clock jumped',
  'hypervisor away',
  'driver refused',
  'disk full',
  'guest shut down',
  'guest crashed',
  'database late',
  'database answer lost',
  'database request lost',
  'database request landed late',
  'database throttled',
  'database away',
  'poke lost',
  'alarm late',
  'crash point',
] as const
export type FaultKind = (typeof faultKinds)[number]

export class FaultCount {
  readonly #fired = new Map<FaultKind, number>(faultKinds.map(kind => [kind, 0]))
  add(kind: FaultKind): void {
    this.#fired.set(kind, this.of(kind) + 1)
  }
  of(kind: FaultKind): number {
    return this.#fired.get(kind) ?? 0
  }
  all(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#fired)
  }
}
