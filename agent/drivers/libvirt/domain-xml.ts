import { digest } from '@sirocco/shared/kit/canonical.ts'
import type { Definition } from '../../ports/compute.ts'
import { diskXml } from './disks.ts'
import { domainName, domainUuid, type Mark, metadataNamespace, tapName, uuidText } from './identity.ts'
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
  /** The file that the serial console is logged to. */
  consoleLog(machine: string): string
}

/** Of code translated by TCG, per guest, MiB; QEMU's own default takes up to 1 GiB. */
const translationCacheMiB = 32

/** A digest of all that the domain's definition depends on; the machine's generation and power are no part of it. */
export const shapeOf = ({ machine, files, disks, plugs }: Definition, host: DomainHost): string =>
  digest({
    name: machine.name,
    vcpus: machine.vcpus,
    memoryMiB: machine.memoryMiB,
    cmdline: machine.image.cmdline,
    ports: machine.ports.map(port => [port.id, port.mac]),
    files,
    disks,
    plugs,
    acceleration: host.acceleration,
    emulator: host.emulator,
  })

const machineTypes: Readonly<Record<string, string>> = { x86_64: 'q35', aarch64: 'virt' }

function boot({ files, machine }: Definition, host: DomainHost): string {
  const type = machineTypes[host.architecture]
  const os = `<type arch='${escapeXml(host.architecture)}'${type ? ` machine='${type}'` : ''}>hvm</type>`
  if (!files.kernel) return `<os>${os}<boot dev='hd'/></os>`
  const initrd = files.initrd ? `<initrd>${escapeXml(files.initrd)}</initrd>` : ''
  const cmdline = machine.image.cmdline ? `<cmdline>${escapeXml(machine.image.cmdline)}</cmdline>` : ''
  return `<os>${os}<kernel>${escapeXml(files.kernel)}</kernel>${initrd}${cmdline}</os>`
}

const interfaces = ({ machine, plugs }: Definition, host: DomainHost): string[] =>
  plugs.map(plug => {
    const port = machine.ports.find(({ mac }) => mac === plug.mac)
    const tap = tapName(host.tag, port?.id ?? plug.mac)
    return [
      `<interface type='bridge'><mac address='${escapeXml(plug.mac)}'/><source bridge='${escapeXml(plug.bridge)}'/>`,
      `<target dev='${tap}'/><model type='virtio'/><mtu size='${plug.mtu}'/></interface>`,
    ].join('')
  })

/** The seed's device; a virtio disk, not a CD drive: small images carry no driver for one, and cloud-init goes by its label. */
export const seedDevice = 'vdb'

const diskDevices = ({ files, disks }: Definition): string[] => [
  ...disks.map(diskXml),
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
    `<features><acpi/>${host.architecture === 'x86_64' ? '<apic/>' : ''}${emulated ? `<tcg><tb-cache unit='MiB'>${translationCacheMiB}</tb-cache></tcg>` : ''}</features>`,
    emulated ? '' : `<cpu mode='host-passthrough'/>`,
    `<clock offset='utc'/>`,
    '<on_poweroff>destroy</on_poweroff><on_reboot>restart</on_reboot><on_crash>destroy</on_crash>',
    '<devices>',
    host.emulator ? `<emulator>${escapeXml(host.emulator)}</emulator>` : '',
    ...slots(host),
    ...diskDevices(definition),
    ...interfaces(definition, host),
    `<serial type='pty'><log file='${log}' append='on'/><target port='0'/></serial>`,
    `<console type='pty'><log file='${log}' append='on'/><target type='serial' port='0'/></console>`,
    `<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>`,
    `<memballoon model='virtio'/>`,
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
