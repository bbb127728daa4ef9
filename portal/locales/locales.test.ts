import { describe, expect, it } from 'vitest'
import { en } from './en.ts'
import { formats } from './format.ts'
import { fr } from './fr.ts'

/** The same word in both languages, and rightly so. */
const same = new Set([
  'spending.budget',
  'prices.actions',
  'prices.kinds.machine',
  'prices.kinds.volume',
  'networks.zone',
  'networks.actions',
  'pools.zone',
  'secondStep.code',
  'security.secret',
  'nav.machines',
  'nav.images',
  'machines.title',
  'machines.zone',
  'machines.count',
  'launch.image',
  'launch.asAws',
  'launch.asCurl',
  'machine.ssh',
  'machine.image',
  'machine.zone',
  'machine.actions',
  'keyPairs.type',
  'keyPairs.actions',
  'images.title',
  'images.architecture',
  'images.actions',
  'people.actions',
  'securityGroups.description',
  'securityGroups.protocols.tcp',
  'securityGroups.protocols.udp',
  'securityGroups.protocols.icmp',
  'securityGroups.protocols.icmpv6',
  'securityGroups.ports',
  'quota.title',
  'quota.resources.machines',
  'quota.resources.volumes',
  'hosts.architecture',
  'hosts.agent',
  'hosts.zone',
  'hosts.machines',
])

/** Parameters for any message: a number where one is counted, a word elsewhere. */
const sample: unknown = new Proxy({}, { get: (_, key) => (key === 'n' || key === 'all' || key === 'max' ? 2 : 'x') })

/** Every message by its path, said once. */
function said(messages: object, path = ''): [string, string][] {
  return Object.entries(messages).flatMap(([key, value]: [string, unknown]) => {
    const here = path === '' ? key : `${path}.${key}`
    if (typeof value === 'string') return [[here, value]]
    if (typeof value === 'function') return [[here, String(value(sample))]]
    return typeof value === 'object' && value !== null ? said(value, here) : []
  })
}

const english = said(en)
const french = new Map(said(fr))

describe('the two languages', () => {
  it('say nothing twice in English by accident', () => {
    const untranslated = english.filter(([path, text]) => french.get(path) === text && !same.has(path)).map(([path]) => path)
    expect(untranslated).toEqual([])
  })
  it('keep the list of shared words short: each still is one', () => {
    const words = new Map(english)
    expect([...same].filter(path => french.get(path) !== words.get(path))).toEqual([])
  })
  it('have no empty string', () => {
    expect([...english, ...french].filter(([, text]) => text.trim() === '')).toEqual([])
  })
  it('write French with its own apostrophe and spaces', () => {
    const wrong = [...french].filter(([, text]) => /[a-zà-ü]'[a-zà-ü]/i.test(text) || / [?!;:](\s|$)/.test(text))
    expect(wrong).toEqual([])
  })
})

describe('numbers and moments', () => {
  const at = Date.UTC(2026, 10, 22, 12, 0, 0)
  it('are written as each language does', () => {
    expect(formats('en').mib(1_536)).toBe('1.5\u00a0GiB')
    expect(formats('fr').mib(1_536)).toBe('1,5\u00a0Gio')
    expect(formats('en').bytes(512)).toBe('512\u00a0bytes')
  })
  it('tell what was when', () => {
    expect(formats('en').ago(at - 3 * 60_000, at)).toBe('3 minutes ago')
    expect(formats('fr').ago(at - 86_400_000, at)).toBe('hier')
    expect(formats('en').ago(at - 2_000, at)).toBe('now')
  })
  it('count as each language does: nothing is singular in French, plural in English', () => {
    expect(en.machines.count({ n: 0 })).toBe('0 machines')
    expect(fr.machines.count({ n: 0 })).toBe('0 machine')
  })
})
