import { digest } from '@sirocco/shared/kit/canonical.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import type { Definition } from '../../ports/compute.ts'
import { diskXml } from './disks.ts'
import { domainName, domainUuid, type Mark, metadataNamespace, uuidText } from './identity.ts'
import { escapeXml, unescapeXml } from './xml.ts'

/** What of a domain is the host's and the instance's, not the machine's. */
export interface DomainHost {
  readonly instance: string
  readonly tag: string
  /** Hardware where virtualisation works, else QEMU's own emulation (TCG). */
  readonly acceleration: 'hardware' | 'emulated'
  /** As QEMU names it: x86_64, aarch64. */
  readonly architecture: string
  readonly emulator?: string
  /** UEFI's code and the variables that each machine begins with; null where the host has none. */
  readonly uefi: { readonly code: string; readonly variables: string } | null
  /** The file that the serial console is logged to. */
  consoleLog(machine: string): string
}

/** Of the text below: a machine that was defined by an older form is defined anew before it starts. */
const form = 3

/** A digest of all that the domain's definition depends on; the machine's generation and power are no part of it. */
export const shapeOf = ({ machine, files, disks, plugs }: Definition, host: DomainHost): string =>
  digest({
    form,
    name: machine.name,
    vcpus: machine.vcpus,
    memoryMiB: machine.memoryMiB,
    cmdline: machine.image.cmdline,
    files,
    disks,
    plugs,
    acceleration: host.acceleration,
    cpu: cpu(host),
    emulator: host.emulator,
  })

type ByAcceleration = Readonly<Record<DomainHost['acceleration'], string>>

/**
 * The processor that a guest sees. On hardware the host's model as libvirt names it, with its features: a guest can move to any host that has
 * those, which one that was given the very processor (host-passthrough) cannot. Emulated, all that QEMU can: its default model of x86-64 is
 * too old for systems built for x86-64-v2, that of aarch64 has 32 bits.
 */
const cpuModes: Readonly<Record<string, ByAcceleration>> = {
  x86_64: { hardware: 'host-model', emulated: 'maximum' },
  // libvirt names no models of these.
  aarch64: { hardware: 'host-passthrough', emulated: 'maximum' },
}

function cpu({ architecture, acceleration }: DomainHost): string {
  const mode = cpuModes[architecture]?.[acceleration] ?? (acceleration === 'hardware' ? 'host-passthrough' : null)
  return mode === null ? '' : `<cpu mode='${mode}'/>`
}

const machineTypes: Readonly<Record<string, string>> = { x86_64: 'q35', aarch64: 'virt' }

/** UEFI's code is shared and read-only; its variables are the machine's own, made from a template at its first start. */
const uefi = ({ files }: Definition, host: DomainHost): string =>
  files.nvram && host.uefi
    ? [
        `<loader readonly='yes' type='pflash'>${escapeXml(host.uefi.code)}</loader>`,
        `<nvram template='${escapeXml(host.uefi.variables)}'>${escapeXml(files.nvram)}</nvram>`,
      ].join('')
    : ''

function boot(definition: Definition, host: DomainHost): string {
  const { files, machine } = definition
  const type = machineTypes[host.architecture]
  const os = `<type arch='${escapeXml(host.architecture)}'${type ? ` machine='${type}'` : ''}>hvm</type>${uefi(definition, host)}`
  if (!files.kernel) return `<os>${os}<boot dev='hd'/></os>`
  const initrd = files.initrd ? `<initrd>${escapeXml(files.initrd)}</initrd>` : ''
  const cmdline = machine.image.cmdline ? `<cmdline>${escapeXml(machine.image.cmdline)}</cmdline>` : ''
  return `<os>${os}<kernel>${escapeXml(files.kernel)}</kernel>${initrd}${cmdline}</os>`
}

const interfaces = ({ plugs }: Definition): string[] =>
  plugs.map(({ mac, bridge, tap, mtu }) =>
    [
      `<interface type='bridge'><mac address='${escapeXml(mac)}'/><source bridge='${escapeXml(bridge)}'/>`,
      `<target dev='${escapeXml(tap)}'/><model type='virtio'/><mtu size='${mtu}'/></interface>`,
    ].join(''),
  )

/** The seed's device; a virtio disk, not a CD drive: small images carry no driver for one, and cloud-init goes by its label. */
export const seedDevice = 'vdb'

const diskDevices = ({ files, disks }: Definition, { instance }: DomainHost): string[] => [
  ...disks.map(disk => diskXml(disk, instance)),
  `<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='${escapeXml(files.seed)}'/><target dev='${seedDevice}' bus='virtio'/><readonly/></disk>`,
]

/** Slots beside those in use: so many disks can be given to a machine while it runs. Each takes a part of the little I/O space there is. */
const spareSlots = 8
const slots = ({ architecture }: DomainHost): string[] =>
  machineTypes[architecture] === undefined
    ? []
    : [
        `<controller type='pci' model='pcie-root'/>`,
        ...Array.from({ length: spareSlots }, () => `<controller type='pci' model='pcie-root-port'/>`),
      ]

/** A place on the root bus itself, for what stays as long as the machine: the ports are left to what comes and goes. */
const fixed = ({ architecture }: DomainHost, slot: string): string =>
  machineTypes[architecture] === undefined ? '' : `<address type='pci' domain='0x0000' bus='0x00' slot='${slot}' function='0x0'/>`

/**
 * A screen that nobody is let in to before a ticket sets a password of its own: the one here has long expired. Its socket is libvirt's, in a
 * folder of the machine's that only root and QEMU's user enter. The tablet gives the pointer's place as the browser knows it.
 */
const screen = (host: DomainHost): string[] => [
  `<graphics type='vnc' passwd='expired' passwdValidTo='1970-01-01T00:00:01'><listen type='socket'/></graphics>`,
  `<video><model type='${host.architecture === 'x86_64' ? 'vga' : 'virtio'}'/></video>`,
  `<controller type='usb' model='qemu-xhci'>${fixed(host, '0x1a')}</controller><input type='tablet' bus='usb'/>`,
  host.architecture === 'x86_64' ? '' : `<input type='keyboard' bus='usb'/>`,
]

/** The domain of a machine. Pure: the same definition on the same host gives the same text. */
export function domainXml(definition: Definition, host: DomainHost): string {
  const { machine } = definition
  const emulated = host.acceleration === 'emulated'
  const log = escapeXml(host.consoleLog(machine.id))
  return [
    `<domain type='${emulated ? 'qemu' : 'kvm'}'>`,
    `<name>${escapeXml(domainName(host.tag, machine.id))}</name>`,
    `<uuid>${uuidText(domainUuid(host.instance, machine.id))}</uuid>`,
    `<title>${escapeXml(machine.name).replace(/&#\d+;/g, ' ')}</title>`,
    `<metadata><sirocco:machine xmlns:sirocco='${metadataNamespace}' instance='${escapeXml(host.instance)}' id='${escapeXml(machine.id)}' shape='${shapeOf(definition, host)}'/></metadata>`,
    `<memory unit='MiB'>${machine.memoryMiB}</memory>`,
    `<vcpu>${machine.vcpus}</vcpu>`,
    boot(definition, host),
    `<features><acpi/>${host.architecture === 'x86_64' ? '<apic/>' : ''}${emulated ? `<tcg><tb-cache unit='MiB'>${limits.translationCacheMiB}</tb-cache></tcg>` : ''}</features>`,
    cpu(host),
    `<clock offset='utc'/>`,
    '<on_poweroff>destroy</on_poweroff><on_reboot>restart</on_reboot><on_crash>destroy</on_crash>',
    '<devices>',
    host.emulator ? `<emulator>${escapeXml(host.emulator)}</emulator>` : '',
    ...slots(host),
    ...diskDevices(definition, host),
    ...interfaces(definition),
    `<serial type='pty'><log file='${log}' append='on'/><target port='0'/></serial>`,
    `<console type='pty'><log file='${log}' append='on'/><target type='serial' port='0'/></console>`,
    `<controller type='virtio-serial' index='0'>${fixed(host, '0x1b')}</controller>`,
    `<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>`,
    ...screen(host),
    `<rng model='virtio'><backend model='random'>/dev/urandom</backend>${fixed(host, '0x1c')}</rng>`,
    `<memballoon model='virtio'><stats period='10'/>${fixed(host, '0x1d')}</memballoon>`,
    '</devices>',
    '</domain>',
  ].join('')
}

/** Reads our metadata element as libvirt prints it back; null when it is not whole. */
export function readMark(element: string): Mark | null {
  const opening = /^\s*<[A-Za-z_][\w.-]*(?::machine)?((?:\s+[\w:.-]+\s*=\s*(?:'[^'<]*'|"[^"<]*"))*)\s*\/?>/.exec(element)
  const attributes = new Map<string, string>()
  for (const [, name, single, double] of (opening?.[1] ?? '').matchAll(/([\w:.-]+)\s*=\s*(?:'([^']*)'|"([^"]*)")/g))
    if (name !== undefined) attributes.set(name, unescapeXml(single ?? double ?? ''))
  const [instance, id, shape] = ['instance', 'id', 'shape'].map(name => attributes.get(name))
  return instance !== undefined && id !== undefined && shape !== undefined ? { instance, id, shape } : null
}
