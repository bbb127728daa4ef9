import type { DiskSource, MachineDisk, PluggedDisk } from '../../ports/compute.ts'
import { secretXml } from './ceph-secret.ts'
import { escapeXml, unescapeXml } from './xml.ts'
import { all, type Element, find, parseXml } from './xml-tree.ts'

/** What a guest reads as the disk's serial number: a volume's id but for its prefix, 20 characters, the most that virtio carries. */
const serialOf = (volume: string): string => volume.slice(volume.indexOf('_') + 1).slice(0, 20)
const volumeOf = (serial: string): string => (serial === '' ? '' : `vol_${serial}`)

const cephScheme = 'rbd:'

function sourceXml(source: DiskSource, instance: string): string {
  const { type, path } = source
  if (type !== 'rbd') return type === 'file' ? `<source file='${escapeXml(path)}'/>` : `<source dev='${escapeXml(path)}'/>`
  return [
    `<source protocol='rbd' name='${escapeXml(path.slice(cephScheme.length))}'>`,
    ...source.monitors.map(monitorXml),
    `<auth username='${escapeXml(source.user)}'>${secretXml(instance, source.pool)}</auth></source>`,
  ].join('')
}

function monitorXml(monitor: string): string {
  const [, name = '', port] = /^(\[[^\]]+\]|[^:]+)(?::(\d+))?$/.exec(monitor) ?? []
  return `<host name='${escapeXml(name.replace(/^\[|\]$/g, ''))}'${port === undefined ? '' : ` port='${port}'`}/>`
}

/** What one host has in its memory of a file another does not see: so it keeps nothing. */
const uncached = " cache='none'"

/** A volume as a device of its machine. */
export const diskXml = ({ volume, device, source, readOnly, shared }: MachineDisk, instance: string): string =>
  [
    `<disk type='${source.type === 'rbd' ? 'network' : source.type}' device='disk'><driver name='qemu' type='${source.format}'${shared ? uncached : ''} discard='unmap'/>`,
    sourceXml(source, instance),
    `<target dev='${escapeXml(device)}' bus='virtio'/><serial>${escapeXml(serialOf(volume))}</serial>`,
    readOnly ? '<readonly/>' : '',
    '</disk>',
  ].join('')

/** As much of a device as libvirt needs to find it. */
export const pluggedXml = ({ device, path }: PluggedDisk): string =>
  path.startsWith(cephScheme)
    ? `<disk type='network' device='disk'><source protocol='rbd' name='${escapeXml(path.slice(cephScheme.length))}'/><target dev='${escapeXml(device)}' bus='virtio'/></disk>`
    : `<disk type='file' device='disk'><source file='${escapeXml(path)}'/><target dev='${escapeXml(device)}' bus='virtio'/></disk>`

interface DiskElement {
  readonly device: string
  readonly path: string
  readonly serial: string
}

const attribute = (xml: string, element: string, name: string): string => {
  const found = new RegExp(`<${element}\\s[^>]*?\\b${name}=(?:'([^']*)'|"([^"]*)")`).exec(xml)
  return unescapeXml(found?.[1] ?? found?.[2] ?? '')
}

/** The disks of a domain, as libvirt prints it. */
export const disksIn = (xml: string): DiskElement[] =>
  (xml.match(/<disk\s[\s\S]*?<\/disk>/g) ?? []).map(disk => ({
    device: attribute(disk, 'target', 'dev'),
    // What it stands on comes behind it.
    path:
      attribute(disk, 'source', 'protocol') === 'rbd'
        ? `${cephScheme}${attribute(disk, 'source', 'name')}`
        : attribute(disk, 'source', 'file') || attribute(disk, 'source', 'dev'),
    serial: unescapeXml(/<serial>([^<]*)<\/serial>/.exec(disk)?.[1] ?? ''),
  }))

/** What a machine has for volumes: by the domain as it runs (null where it is off), and as it will start. */
export function pluggedDisks(live: string | null, saved: string, seedDevice: string): PluggedDisk[] {
  const plugged = new Map<string, PluggedDisk>()
  const put = ({ device, path, serial }: DiskElement, how: Partial<PluggedDisk>) => {
    if (device === seedDevice) return
    const before = plugged.get(device) ?? { volume: volumeOf(serial), device, path, live: false, saved: false }
    plugged.set(device, { ...before, ...how })
  }
  for (const disk of live === null ? [] : disksIn(live)) put(disk, { live: true })
  for (const disk of disksIn(saved)) put(disk, { saved: true })
  return [...plugged.values()]
}

/** Of a running domain: the disks that its guest writes to and that go with it, and whether what is above their images is all that another host needs of them. */
export function movingDisks(
  live: string,
  shared: readonly string[] = [],
): { readonly devices: readonly string[]; readonly copy: 'none' | 'top' | 'full' } {
  const domain = parseXml(live)
  const disks = (domain === null ? [] : find(domain, 'devices', 'disk')).filter(
    disk => find(disk, 'readonly').length === 0 && !shared.includes(deviceOf(disk)),
  )
  const standsOnImage = (disk: Element): boolean => {
    const below = all(disk)
      .filter(({ name }) => name === 'backingStore')
      .flatMap(store => find(store, 'source'))
    return below.length <= 1 && !below.some(({ attributes }) => attributes.get('file')?.includes('/volumes/'))
  }
  return {
    devices: disks.map(deviceOf).filter(device => device !== ''),
    copy: disks.length === 0 ? 'none' : disks.every(standsOnImage) ? 'top' : 'full',
  }
}

const deviceOf = (disk: Element): string => find(disk, 'target')[0]?.attributes.get('dev') ?? ''

/** The files of one disk of a running domain, the newest first. */
export function chainIn(live: string, device: string): string[] {
  const domain = parseXml(live)
  const disk = (domain === null ? [] : find(domain, 'devices', 'disk')).find(
    one => find(one, 'target')[0]?.attributes.get('dev') === device,
  )
  const files: string[] = []
  for (let at = disk; at; at = find(at, 'backingStore')[0]) files.push(find(at, 'source')[0]?.attributes.get('file') ?? '')
  return files.filter(file => file !== '')
}

/** A snapshot that makes the guest go on in other files with some disks, by device, and leaves its others alone. */
export const switchXml = (xml: string, paths: ReadonlyMap<string, string>): string =>
  [
    '<domainsnapshot><disks>',
    ...disksIn(xml).map(({ device }) => {
      const path = paths.get(device)
      return path === undefined
        ? `<disk name='${escapeXml(device)}' snapshot='no'/>`
        : `<disk name='${escapeXml(device)}' snapshot='external'><driver type='qcow2'/><source file='${escapeXml(path)}'/></disk>`
    }),
    '</disks></domainsnapshot>',
  ].join('')
