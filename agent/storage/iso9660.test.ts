import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { filesMax, type IsoFile, iso9660 } from './iso9660.ts'

const sector = 2_048
const at = new Date('2026-02-03T04:05:06Z')
const utf16be = new TextDecoder('utf-16be')
const ascii = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1')

interface Found {
  readonly id: string
  readonly directory: boolean
  readonly sector: number
  readonly bytes: Buffer
  readonly recorded: string
}

/** A number that stands in both byte orders, which have to agree. */
function both(image: Buffer, at: number, width: 2 | 4): number {
  const little = image.readUIntLE(at, width)
  expect(image.readUIntBE(at + width, width)).toBe(little)
  return little
}

/** One directory record, ECMA-119 9.1. */
function record(image: Buffer, at: number, decode: (bytes: Uint8Array) => string): Found {
  const [length = 0, extended] = image.subarray(at)
  const idBytes = image.readUInt8(at + 32)
  expect([extended, image[at + 26], image[at + 27], both(image, at + 28, 2)]).toEqual([0, 0, 0, 1])
  expect(length).toBe(33 + idBytes + (idBytes % 2 === 0 ? 1 : 0))
  const begin = both(image, at + 2, 4)
  const size = both(image, at + 10, 4)
  expect(begin * sector + size).toBeLessThanOrEqual(image.length)
  const [year = 0, ...rest] = image.subarray(at + 18, at + 25)
  const raw = image.subarray(at + 33, at + 33 + idBytes)
  return {
    id: idBytes === 1 ? `\\${raw[0]}` : decode(raw),
    directory: image[at + 25] === 2,
    sector: begin,
    bytes: image.subarray(begin * sector, begin * sector + size),
    recorded: [year + 1900, ...rest].join(' '),
  }
}

/** Reads one of the two trees by its descriptor, checking on the way what nobody would look at. */
function tree(image: Buffer, descriptor: number, decode: (bytes: Uint8Array) => string) {
  const from = descriptor * sector
  expect(ascii(image.subarray(from + 1, from + 7))).toBe('CD001\x01')
  expect(both(image, from + 80, 4) * sector).toBe(image.length)
  expect([120, 124, 128].map(field => both(image, from + field, 2))).toEqual([1, 1, sector])
  expect(image[from + 881]).toBe(1)
  const root = record(image, from + 156, decode)
  expect(root).toMatchObject({ id: '\\0', directory: true })
  expect(root.bytes).toHaveLength(sector)

  const size = both(image, from + 132, 4)
  const little = image.subarray(image.readUInt32LE(from + 140) * sector).subarray(0, size)
  const big = image.subarray(image.readUInt32BE(from + 148) * sector).subarray(0, size)
  for (const [table, order] of [
    [little, 'LE'],
    [big, 'BE'],
  ] as const) {
    expect([...table.subarray(0, 2), ...table.subarray(8)]).toEqual([1, 0, 0, 0])
    expect([table[`readUInt32${order}`](2), table[`readUInt16${order}`](6)]).toEqual([root.sector, 1])
  }

  const found: Found[] = []
  let next = root.sector * sector
  for (; image[next]; next += image.readUInt8(next)) found.push(record(image, next, decode))
  expect(image.subarray(next, (root.sector + 1) * sector).every(byte => byte === 0)).toBe(true)
  const [self, parent, ...files] = found
  expect(self).toMatchObject({ id: '\\0', directory: true, sector: root.sector })
  expect(parent).toMatchObject({ id: '\\1', directory: true, sector: root.sector })
  expect(files.every(file => !file.directory)).toBe(true)
  return { files, type: image[from], volume: decode(image.subarray(from + 40, from + 72)).trimEnd() }
}

const plain = (image: Buffer) => tree(image, 16, ascii)
const joliet = (image: Buffer) => tree(image, 17, bytes => utf16be.decode(bytes))

const seed: readonly IsoFile[] = [
  { name: 'user-data', bytes: Buffer.from('#!/bin/sh\n') },
  { name: 'meta-data', bytes: Buffer.alloc(sector + 1, 'm') },
  { name: 'vendor.d', bytes: Buffer.alloc(sector, 'v') },
  { name: 'empty', bytes: Buffer.alloc(0) },
]

test('starts with sixteen empty sectors, then the two descriptors and the end of them', () => {
  const image = Buffer.from(iso9660('cidata', seed, at))
  expect(image.subarray(0, 16 * sector).every(byte => byte === 0)).toBe(true)
  expect(plain(image)).toMatchObject({ type: 1, volume: 'cidata' })
  expect(joliet(image)).toMatchObject({ type: 2, volume: 'cidata' })
  expect(ascii(image.subarray(17 * sector + 88, 17 * sector + 91))).toBe('%/E')
  expect(ascii(image.subarray(18 * sector, 18 * sector + 7))).toBe('\xffCD001\x01')
  expect(ascii(image.subarray(16 * sector + 813, 16 * sector + 830))).toBe('2026020304050600\0')
})

test('is no shorter than what busybox takes for a disk, whatever is in it', () => {
  for (const files of [[], seed]) expect(iso9660('cidata', files, at).length).toBeGreaterThanOrEqual(68 * 1_024)
})

test('names stand exact beside upper case ones, both in their order', () => {
  const image = Buffer.from(
    iso9660('cidata', [{ name: 'a-b', bytes: Uint8Array.of(1) }, { name: 'a.b', bytes: Uint8Array.of(2) }, ...seed], at),
  )
  expect(plain(image).files.map(({ id }) => id)).toEqual([
    'A.B;1',
    'A-B.;1',
    'EMPTY.;1',
    'META-DATA.;1',
    'USER-DATA.;1',
    'VENDOR.D;1',
  ])
  expect(joliet(image).files.map(({ id }) => id)).toEqual([
    'a.b;1',
    'a-b;1',
    'empty;1',
    'meta-data;1',
    'user-data;1',
    'vendor.d;1',
  ])
  for (const { recorded } of plain(image).files) expect(recorded).toBe('2026 2 3 4 5 6 0')
})

const names = fc.uniqueArray(fc.stringMatching(/^[A-Za-z0-9_-]{1,15}(\.[A-Za-z0-9_-]{1,15})?$/), {
  maxLength: filesMax,
  selector: name => name.toLowerCase(),
})
const sizes = fc.oneof(fc.constantFrom(0, 1, sector - 1, sector, sector + 1, 3 * sector), fc.integer({ min: 0, max: 9_000 }))

test('whatever the names and sizes: both trees hold every byte, no two files share a sector, the same input gives the same image', () => {
  fc.assert(
    fc.property(names, fc.array(sizes, { minLength: filesMax, maxLength: filesMax }), (some, lengths) => {
      const files = some.map((name, i) => ({ name, bytes: Buffer.alloc(lengths[i] ?? 0, i + 1) }))
      const image = Buffer.from(iso9660('cidata', files, at))
      expect(Buffer.from(iso9660('cidata', files, at)).equals(image)).toBe(true)
      const exact = joliet(image).files
      const upper = plain(image).files
      expect(exact).toHaveLength(files.length)
      for (const { name, bytes } of files) {
        const here = exact.find(({ id }) => id === `${name};1`)
        const there = upper.find(({ id }) => id === `${name.toUpperCase()}${name.includes('.') ? '' : '.'};1`)
        expect([here?.bytes.equals(bytes), there?.bytes.equals(bytes)]).toEqual([true, true])
        expect(here?.sector).toBe(there?.sector)
      }
      const used = exact.flatMap(file => Array.from({ length: Math.ceil(file.bytes.length / sector) }, (_, i) => file.sector + i))
      expect(new Set(used).size).toBe(used.length)
      expect(used.every(one => one > 18)).toBe(true)
    }),
    { numRuns: 60 },
  )
})

test('as many files as there may be, each with the longest name, fit', () => {
  const files = Array.from({ length: filesMax }, (_, i) => ({
    name: `${i}`.padStart(28, 'x').concat('.d'),
    bytes: Uint8Array.of(i),
  }))
  const image = Buffer.from(iso9660('cidata', files, at))
  for (const { files: found } of [plain(image), joliet(image)])
    expect(found.map(({ bytes }) => bytes[0]).sort()).toEqual(files.map(({ bytes }) => bytes[0]).sort())
})

test.each([
  ['a path', 'cidata', [{ name: '../etc', bytes: Uint8Array.of(1) }]],
  ['no name', 'cidata', [{ name: '', bytes: Uint8Array.of(1) }]],
  ['two dots', 'cidata', [{ name: 'a.b.c', bytes: Uint8Array.of(1) }]],
  ['more than 30 characters', 'cidata', [{ name: 'x'.repeat(31), bytes: Uint8Array.of(1) }]],
  [
    'two names that differ in case alone',
    'cidata',
    [
      { name: 'a', bytes: Uint8Array.of(1) },
      { name: 'A', bytes: Uint8Array.of(1) },
    ],
  ],
  [
    'more files than a sector lists',
    'cidata',
    Array.from({ length: filesMax + 1 }, (_, i) => ({ name: `f${i}`, bytes: Uint8Array.of(1) })),
  ],
  ['a label of 17 characters', 'x'.repeat(17), []],
] as const)('%s is no image', (_, volume, files) => {
  expect(() => iso9660(volume, files, at)).toThrow('impossible')
})

const isInstalled = (program: string) => spawnSync(program, ['--version']).error === undefined

/** Puts what another reader finds in an image into a folder. */
const readers = {
  'xorriso, Joliet': [
    'xorriso',
    (iso: string, to: string) => ['-read_fs', 'norock', '-osirrox', 'on', '-indev', iso, '-extract', '/', to],
  ],
  'xorriso, plain': [
    'xorriso',
    (iso: string, to: string) => ['-read_fs', 'ecma119', '-osirrox', 'on', '-indev', iso, '-extract', '/', to],
  ],
  bsdtar: ['bsdtar', (iso: string, to: string) => ['-xf', iso, '-C', to]],
  '7z': ['7z', (iso: string, to: string) => ['x', '-y', `-o${to}`, iso]],
} as const satisfies Record<string, readonly [program: string, args: (iso: string, to: string) => string[]]>

describe.each(Object.entries(readers))('%s', (_, [program, args]) => {
  test.skipIf(!isInstalled(program))(`reads every file${isInstalled(program) ? '' : ` (${program} is not installed)`}`, () => {
    const dir = mkdtempSync(join(tmpdir(), 'iso-'))
    try {
      const iso = join(dir, 'seed.iso')
      const to = join(dir, 'out')
      writeFileSync(iso, iso9660('cidata', seed, at))
      mkdirSync(to)
      const ran = spawnSync(program, args(iso, to), { encoding: 'utf8' })
      expect(ran.status, ran.stderr).toBe(0)
      const got = readdirSync(to).map(name => [name.toLowerCase(), readFileSync(join(to, name)).toString('latin1')])
      expect(Object.fromEntries(got)).toEqual(Object.fromEntries(seed.map(({ name, bytes }) => [name, ascii(bytes)])))
    } finally {
      rmSync(dir, { recursive: true, force: true })
    }
  })
})

test.skipIf(!isInstalled('blkid'))(
  `Linux finds it by its label${isInstalled('blkid') ? '' : ' (blkid is not installed)'}`,
  () => {
    const dir = mkdtempSync(join(tmpdir(), 'iso-'))
    try {
      const iso = join(dir, 'seed.iso')
      writeFileSync(iso, iso9660('cidata', seed, at))
      const ran = spawnSync('blkid', ['-p', '-o', 'export', iso], { encoding: 'utf8' })
      expect(ran.stdout.split('\n')).toEqual(expect.arrayContaining(['LABEL=cidata', 'TYPE=iso9660', 'BLOCK_SIZE=2048']))
    } finally {
      rmSync(dir, { recursive: true, force: true })
    }
  },
)
