import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { overlaps } from '../../shared/kit/ipv4.ts'
import { seeded } from '../../shared/kit/random.ts'
import { claim, claims, unclaim } from './registry.ts'

let folder: string
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'registry-')), 'instances')
})
afterEach(() => rmSync(join(folder, '..'), { recursive: true, force: true }))

const now = 1_000_000_000_000
const ask = (instance: string, routes: string[] = [], seed = 7) =>
  claim(folder, { instance, data: `/data/${instance}` }, { random: seeded(seed), routes, now })

describe('ranges', () => {
  it.each([
    ['10.64.0.0/16', '10.64.3.0/24', true],
    ['10.64.0.0/16', '10.0.0.0/8', true],
    ['10.64.0.0/16', '10.65.0.0/16', false],
    ['10.64.0.0/16', '10.64.255.255/32', true],
    ['10.127.0.0/16', '192.168.0.0/16', false],
  ])('%s and %s overlap: %s', (a, b, expected) => {
    expect([overlaps(a, b), overlaps(b, a)]).toEqual([expected, expected])
  })
})

describe('the registry of a machine', () => {
  it('gives every instance a tag and a range of its own, and the same at every start', () => {
    const first = ask('one')
    // The same seed draws the same tag first, which is then taken.
    const second = ask('two')
    expect(first?.tag).not.toBe(second?.tag)
    expect([first?.pool, second?.pool]).toEqual(['10.64.0.0/16', '10.65.0.0/16'])
    expect(ask('one', ['10.64.0.0/16'])).toEqual(first)
    expect(claims(folder)).toHaveLength(2)
  })

  it('leaves out ranges that the machine already leads somewhere', () => {
    expect(ask('one', ['10.64.1.0/24', '10.65.0.7/32', '10.0.0.0/10'])?.pool).toBe('10.66.0.0/16')
    expect(ask('two', ['10.0.0.0/8'])).toBeUndefined()
  })

  it('gives back what it is told to, and only that', () => {
    const kept = ask('one')
    ask('two')
    unclaim(folder, 'two')
    expect(claims(folder)).toEqual([kept])
    expect(ask('three')?.pool).toBe('10.65.0.0/16')
  })

  it('takes over a range whose claim was never finished, once it is old', () => {
    ask('one')
    const file = join(folder, '10.65.0.0_16.pool')
    writeFileSync(file, 'died half-way')
    utimesSync(file, now / 1_000, now / 1_000)
    expect(ask('two')?.pool).toBe('10.66.0.0/16')
    utimesSync(file, now / 1_000 - 60, now / 1_000 - 60)
    expect(ask('three')?.pool).toBe('10.65.0.0/16')
  })
})
