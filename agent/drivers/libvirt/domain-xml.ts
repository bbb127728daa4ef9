import { digest } from '@sirocco/shared/kit/canonical.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import type { Definition } from '../../ports/compute.ts'
import { domainName, domainUuid, type Mark, metadataNamespace, uuidText } from './identity.ts'

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

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' }

/** Text for an attribute or element. What XML 1.0 cannot carry at all is left out. */
export const escapeXml = (text: string): string =>
  text
    .replace(/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu, '')
    .replace(/[&<>"']/g, character => entities[character] ?? '')
    .replace(/[\t\n\r]/g, character => `&#${character.charCodeAt(0)};`)

/** A digest of all that the domain's definition depends on; the machine's generation and power are no part of it. */
export const shapeOf = ({ machine, files, plugs }: Definition, host: DomainHost): string =>
  digest({
    name: machine.name,
    vcpus: machine.vcpus,
    memoryMiB: machine.memoryMiB,
    cmdline: machine.image.cmdline,
    files,
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

function boot({ files, machine }: Definition, host: DomainHost): string {
  const type = machineTypes[host.architecture]
  const os = `<type arch='${escapeXml(host.architecture)}'${type ? ` machine='${type}'` : ''}>hvm</type>`
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

/** The seed is a virtio disk, not a CD drive: small images carry no driver for one, and cloud-init goes by its label. */
const disks = ({ files }: Definition): string[] => [
  `<disk type='file' device='disk'><driver name='qemu' type='qcow2' discard='unmap'/><source file='${escapeXml(files.disk)}'/><target dev='vda' bus='virtio'/></disk>`,
  `<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='${escapeXml(files.seed)}'/><target dev='vdb' bus='virtio'/><readonly/></disk>`,
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
    ...disks(definition),
    ...interfaces(definition),
    `<serial type='pty'><log file='${log}' append='on'/><target port='0'/></serial>`,
    `<console type='pty'><log file='${log}' append='on'/><target type='serial' port='0'/></console>`,
    `<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>`,
    `<memballoon model='virtio'/>`,
    '</devices>',
    '</domain>',
  ].join('')
}

const unescapeXml = (text: string): string =>
  text.replace(/&(?:(amp|lt|gt|quot|apos)|#(\d+));/g, (_, name: string | undefined, code: string | undefined) =>
    code ? String.fromCodePoint(Number(code)) : ({ amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }[name ?? ''] ?? ''),
  )

/** Reads our metadata element as libvirt prints it back; null when it is not whole. */
export function readMark(element: string): Mark | null {
  const opening = /^\s*<[A-Za-z_][\w.-]*(?::machine)?((?:\s+[\w:.-]+\s*=\s*(?:'[^'<]*'|"[^"<]*"))*)\s*\/?>/.exec(element)
  const attributes = new Map<string, string>()
  for (const [, name, single, double] of (opening?.[1] ?? '').matchAll(/([\w:.-]+)\s*=\s*(?:'([^']*)'|"([^"]*)")/g))
    if (name !== undefined) attributes.set(name, unescapeXml(single ?? double ?? ''))
  const [instance, id, shape] = ['instance', 'id', 'shape'].map(name => attributes.get(name))
  return instance !== undefined && id !== undefined && shape !== undefined ? { instance, id, shape } : null
}
