import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { rescuedDevice } from '@sirocco/shared/model/volumes/rescued.ts'
import type { Place } from '../../place.ts'
import { read } from '../../run.ts'
import type { Found } from '../item.ts'
import { volumeAt } from './volumes.ts'

/** A domain that carries this instance's mark. */
export interface Domain {
  readonly machine: string
  readonly name: string
  readonly power: 'running' | 'paused' | 'stopped' | 'suspended'
  readonly vcpus: number
  readonly memoryMiB: number
  /** Which volume it has where: `vda=vol_…`. */
  readonly disks: string
  readonly nics: readonly { readonly mac: string; readonly tap: string }[]
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** How `virsh` reaches the libvirtd that the agent uses. */
const addressOf = ({ uri, socket }: { readonly uri: string; readonly socket: string }): string =>
  uri.includes('+') ? uri : `${uri.replace(':', '+unix:')}?socket=${encodeURIComponent(socket)}`

const lines = (text: string) =>
  text
    .split('\n')
    .map(line => line.trim())
    .filter(line => uuid.test(line))

/** This instance's domains, as `virsh` shows them. */
export async function readDomains(place: Place): Promise<Result<Domain[]>> {
  if (place.driver.kind !== 'libvirt') return ok([])
  const address = addressOf(place.driver)
  const virsh = (...args: string[]) => read('virsh', ['-q', '-r', '-c', address, ...args])
  const all = await virsh('list', '--all', '--uuid')
  if (!all.ok) return all
  const paused = await virsh('list', '--uuid', '--state-paused')
  if (!paused.ok) return paused
  const saved = await virsh('list', '--all', '--uuid', '--with-managed-save')
  if (!saved.ok) return saved
  const domains: Domain[] = []
  for (const id of lines(all.value)) {
    const xml = await virsh('dumpxml', id)
    if (xml.ok) {
      const domain = domainOf(xml.value, place.instance, {
        paused: lines(paused.value).includes(id),
        saved: lines(saved.value).includes(id),
      })
      if (domain) domains.push(domain)
      continue
    }
    const now = await virsh('list', '--all', '--uuid')
    if (!now.ok) return now
    if (lines(now.value).includes(id)) return refuse('unavailable', `virsh does not show domain ${id}: ${xml.fault.message}`)
  }
  return ok(domains)
}

export const domainItems = (domains: readonly Domain[]): Found[] =>
  domains.map(({ machine, name, power, vcpus, memoryMiB, disks }) => ({
    kind: 'machine',
    id: machine,
    facts: { power, vcpus, memoryMiB, disks },
    where: `domain ${name}`,
  }))

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }
const plain = (text: string) => text.replace(/&(amp|lt|gt|quot|apos);/g, (_, name: string) => entities[name] ?? '')

/** An attribute of an element's first tag; empty where there is none. libvirt quotes by either mark. */
function attribute(element: string, name: string): string {
  const [, single, double] = new RegExp(`^<[^>]*\\s${name}=(?:'([^']*)'|"([^"]*)")`).exec(element) ?? []
  return plain(single ?? double ?? '')
}
const elements = (xml: string, name: string): string[] =>
  xml.match(new RegExp(`<${name}(?=[\\s/>])(?:[^>]*/>|[\\s\\S]*?</${name}>)`, 'g')) ?? []
const text = (xml: string, name: string): string => plain(new RegExp(`<${name}[^>]*>([^<]*)</${name}>`).exec(xml)?.[1] ?? '')

const unitsPerMiB: Readonly<Record<string, number>> = { b: 1_048_576, bytes: 1_048_576, KiB: 1_024, MiB: 1, GiB: 1 / 1_024 }

/** A file, or an image in Ceph. */
const pathOf = (source: string): string =>
  attribute(source, 'protocol') === 'rbd' ? `rbd:${attribute(source, 'name')}` : attribute(source, 'file')

/** A domain from its XML, as libvirt prints it; null where it is not this instance's. */
export function domainOf(
  xml: string,
  instance: string,
  is: { readonly paused: boolean; readonly saved: boolean },
): Domain | null {
  const mark = elements(xml, 'sirocco:machine').find(element => attribute(element, 'instance') === instance)
  if (mark === undefined) return null
  const [memory = ''] = elements(xml, 'memory')
  const disks = elements(xml, 'disk').flatMap(element => {
    const device = elements(element, 'target').map(target => attribute(target, 'dev'))[0] ?? ''
    const volume = volumeAt(elements(element, 'source').map(pathOf)[0] ?? '')
    return volume === null || device === rescuedDevice ? [] : [`${device}=${volume}`]
  })
  return {
    machine: attribute(mark, 'id'),
    name: text(xml, 'name'),
    // Only a domain that is on has a number.
    power: attribute(xml.trimStart(), 'id') === '' ? (is.saved ? 'suspended' : 'stopped') : is.paused ? 'paused' : 'running',
    vcpus: Number(text(xml, 'vcpu')),
    memoryMiB: Number(text(memory, 'memory')) / (unitsPerMiB[attribute(memory, 'unit')] ?? Number.NaN),
    disks: disks.sort().join(', '),
    nics: elements(xml, 'interface').map(nic => ({
      mac: elements(nic, 'mac').map(mac => attribute(mac, 'address'))[0] ?? '',
      tap: elements(nic, 'target').map(target => attribute(target, 'dev'))[0] ?? '',
    })),
  }
}
