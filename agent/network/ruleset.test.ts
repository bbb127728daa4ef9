import type { WantedNetwork } from '@sirocco/shared/wire/objects.ts'
import { expect, test } from 'vitest'
import { ruleset } from './ruleset.ts'

const network = (id: string, cidr: string): WantedNetwork => ({
  kind: 'network',
  id,
  generation: 1,
  cidr,
  gateway: cidr.replace(/0\/\d+$/, '1'),
  mtu: 1450,
  domain: 'a.internal',
  gone: false,
})
const a = network('net_a', '10.64.3.0/24')
const b = network('net_b', '10.64.4.0/24')

test('one transaction replaces the table whole, and leaves its version behind', () => {
  const { table, text, version } = ruleset('abc', [a])
  expect(table).toBe('sirocco_abc')
  expect(text.split('\n').slice(0, 3)).toEqual([
    'table inet sirocco_abc',
    'delete table inet sirocco_abc',
    'table inet sirocco_abc {',
  ])
  expect(text).toContain(`chain ${version} { }`)
})

test('the version follows the rules: not their order, nor the generation', () => {
  const { version } = ruleset('abc', [a, b])
  expect(ruleset('abc', [b, { ...a, generation: 7 }]).version).toBe(version)
  expect(ruleset('abc', [a]).version).not.toBe(version)
  expect(ruleset('abc', [a, { ...b, gateway: '10.64.4.254' }]).version).not.toBe(version)
})

test('what is not let through is dropped, in both directions', () => {
  const lines = ruleset('abc', [a, b]).text.split('\n')
  const order = (first: string, second: string) => expect(lines.indexOf(first)).toBeLessThan(lines.indexOf(second))
  order('iifname @bridges oifname "sb*" drop', 'iifname @bridges accept')
  order('oifname @bridges ct state established,related meta mark set 0x5100001 accept', 'oifname @bridges drop')
  expect(lines[lines.indexOf('chain outside {') - 2]).toBe('drop')
})
