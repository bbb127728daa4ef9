/** The kinds of things that a host carries for an instance. */
export const kinds = [
  /** A domain of the hypervisor. */
  'machine',
  /** A running QEMU, whatever libvirt says. */
  'process',
  'volume',
  'snapshot',
  'seed',
  'nvram',
  'image',
  /** The log of a serial console. */
  'console',
  'bridge',
  /** A network's way to the other hosts of its zone. */
  'tunnel',
  /** Of a network that is apart from its host: a namespace, and what joins it to both. */
  'gateway',
  /** A port of another host, by its MAC. On a simulated host by its id. */
  'neighbour',
  /** A guest's end of a bridge, by its MAC. */
  'tap',
  /** A network's part of the packet filter. */
  'rules',
  /** A network's running dnsmasq, and its files. */
  'dhcp',
  'settings',
  /** An address promised to a MAC, and one that was given out. */
  'lease',
  'given',
  /** A simulated machine's interface. */
  'port',
  /** A file, link or namespace of ours that is nothing of the above. */
  'file',
  'link',
  /** What the control plane counts as used of the host. */
  'allocation',
] as const
export type Kind = (typeof kinds)[number]

export type Facts = Readonly<Record<string, string | number | boolean>>

/** Something that is there. */
export interface Found {
  readonly kind: Kind
  readonly id: string
  readonly facts: Facts
  /** Where a person finds it on the host. */
  readonly where: string
  /** May be there without anybody wanting it: an image that is kept for the next machine. */
  readonly spare?: true
}

/** Something that should be there. */
export interface Expected {
  readonly kind: Kind
  readonly id: string
  readonly facts: Facts
  /** May as well be missing: the disk of a machine that never ran. */
  readonly optional?: true
}

export interface Difference {
  readonly kind: Kind
  readonly id: string
  readonly what: 'lost' | 'leaked' | 'doubled' | 'differs'
  readonly detail: string
}
