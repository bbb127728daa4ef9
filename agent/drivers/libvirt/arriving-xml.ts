import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Definition } from '../../ports/compute.ts'
import { type DomainHost, domainXml } from './domain-xml.ts'
import { all, type Element, find, parseXml, printXml } from './xml-tree.ts'

/** What libvirt itself adds to a definition of ours. Everything else that ours does not have is refused: it would be another host's wish. */
const added = new Set([
  'address',
  'alias',
  'audio',
  'backend',
  'boot',
  'codec',
  'controller',
  'cpu',
  'currentMemory',
  'driver',
  'feature',
  'graphics',
  'input',
  'listen',
  'master',
  'maxphysaddr',
  'memballoon',
  'memory',
  'model',
  'on_crash',
  'on_poweroff',
  'on_reboot',
  'panic',
  'pm',
  'protocol',
  'rng',
  'suspend-to-disk',
  'suspend-to-mem',
  'target',
  'timer',
  'topology',
  'uuid',
  'vcpu',
  'vendor',
  'video',
  'watchdog',
  'itco',
  'cache',
  'channel',
])
/** Of the running guest alone, or made anew by this host's libvirt. */
const dropped = new Set(['seclabel', 'backingStore', 'emulator', 'mirror', 'resource'])
/** Devices that are no files of a host. */
const harmless = new Set(['/dev/urandom', '/dev/random'])

const strange = (detail: string) =>
  refuse('precondition', 'the machine is defined on its host as this one would not define it', { detail })

/**
 * The definition of a running machine on the host that it leaves, as this host is to carry it: the guest's hardware is theirs (its
 * addresses, its processor), every path and link is ours.
 */
export function arrivingXml(theirs: string, definition: Definition, host: DomainHost): Result<string> {
  const domain = parseXml(theirs)
  const own = parseXml(domainXml(definition, host))
  if (domain?.name !== 'domain') return strange('no domain')
  if (!own) throw new Error('impossible: our own definition cannot be read')
  if (textOf(domain, 'uuid') !== textOf(own, 'uuid'))
    return refuse(
      'precondition',
      'the two hosts do not belong to the same instance; enrol this host with the instance of the others',
    )

  drop(domain)
  for (const name of ['name', 'title', 'metadata'] as const) replace(domain, own, name)
  for (const name of ['kernel', 'initrd', 'cmdline', 'loader', 'nvram'] as const)
    for (const os of find(domain, 'os')) for (const ours of find(own, 'os')) replace(os, ours, name)
  const devices = [
    ['disk', targetOf, ['source', 'driver', 'serial']],
    ['interface', macOf, ['source', 'target']],
    ['serial', () => 'serial', ['log']],
    ['console', () => 'console', ['log']],
  ] as const
  for (const [kind, key, parts] of devices) {
    const ours = find(own, 'devices', kind)
    const here = find(domain, 'devices', kind)
    if (ours.length !== here.length) return strange(`${here.length} of ${kind}`)
    for (const device of here) {
      const match = ours.find(one => key(one) === key(device))
      if (!match) return strange(`${kind} ${key(device)}`)
      for (const part of parts) replace(device, match, part)
    }
  }
  // Whoever may look at the screen there is nobody here; where its socket is, libvirt says.
  for (const devices of find(domain, 'devices')) for (const ours of find(own, 'devices')) replace(devices, ours, 'graphics')
  for (const emulator of find(own, 'devices', 'emulator')) find(domain, 'devices')[0]?.children.unshift(emulator)

  const names = new Set([...added, ...all(own).map(({ name }) => name)])
  const foreign = all(domain).find(({ name }) => !names.has(name))
  if (foreign) return strange(`an element ${foreign.name}`)
  const paths = new Set([...harmless, ...all(own).flatMap(pathsOf)])
  const path = all(domain)
    .flatMap(pathsOf)
    .find(found => !paths.has(found))
  return path === undefined ? ok(printXml(domain)) : strange(`a path ${path}`)
}

const textOf = (element: Element, name: string): string => find(element, name)[0]?.text ?? ''
const targetOf = (disk: Element): string => find(disk, 'target')[0]?.attributes.get('dev') ?? ''
const macOf = (link: Element): string => find(link, 'mac')[0]?.attributes.get('address')?.toLowerCase() ?? ''
const pathsOf = ({ attributes, text }: Element): string[] =>
  [...attributes.values(), text.trim()].filter(word => word.startsWith('/'))

function drop(element: Element): void {
  element.children.splice(0, element.children.length, ...element.children.filter(({ name }) => !dropped.has(name)))
  for (const child of element.children) drop(child)
  // Where the running guest's end is: a path of that host.
  if (element.name === 'channel')
    element.children.splice(0, element.children.length, ...element.children.filter(({ name }) => name !== 'source'))
  if (element.name === 'console' || element.name === 'serial') {
    element.attributes.delete('tty')
    if (element.attributes.get('type') === 'pty')
      element.children.splice(0, element.children.length, ...element.children.filter(({ name }) => name !== 'source'))
  }
}

/** The children `name` of `element` become those of `ours`. */
function replace(element: Element, ours: Element, name: string): void {
  const at = element.children.findIndex(child => child.name === name)
  const kept = element.children.filter(child => child.name !== name)
  kept.splice(at < 0 ? kept.length : at, 0, ...find(ours, name))
  element.children.splice(0, element.children.length, ...kept)
}
