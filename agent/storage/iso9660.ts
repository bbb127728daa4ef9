import { assert } from '@sirocco/shared/kit/assert.ts'
import { KiB, MiB } from '@sirocco/shared/kit/units.ts'

/** A file of the root directory. */
export interface IsoFile {
  readonly name: string
  readonly bytes: Uint8Array
}

/** So many of the longest names fit into a directory of one sector, in either tree: 2 × 34 + 20 × 98 ≤ 2,048 bytes. */
export const filesMax = 20
/** Of all files together, in bytes; the image is made in memory. */
const contentMax = 16 * MiB
/** A name and at most one extension (ECMA-119 7.5.1, 30 characters). Hyphens are no d-characters, but every reader takes them. */
const nameShape = /^(?=.{1,30}$)[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)?$/
/** As many characters of UCS-2 as 32 bytes hold. Lower case is no d-character either, but what cloud-init looks for. */
const volumeShape = /^[A-Za-z0-9_-]{1,16}$/

const sectorBytes = 2_048
/** Where everything begins that comes before the files, in sectors; the first 16 are the System Area (ECMA-119 6.2.1). */
const sectors = { terminator: 18, files: 25 } as const
/** In bytes. Busybox reads 68 KiB of a disk before it knows what is there, and takes what is shorter for empty. */
const imageMin = 128 * KiB

/** One of the two trees over the same files. Joliet's is ECMA-119's Supplementary one in UCS-2 (Joliet Specification, 1995). */
interface Tree {
  readonly type: number
  /** Says in which characters the names are: empty, or UCS-2 level 3 (Joliet: %/E). */
  readonly escape: string
  readonly encode: (text: string) => Buffer
  readonly identify: (name: string) => string
  readonly descriptor: number
  readonly tables: { readonly little: number; readonly big: number }
  readonly directory: number
}

const trees: readonly Tree[] = [
  {
    type: 1,
    escape: '',
    encode: text => Buffer.from(text, 'latin1'),
    // The dot stands also before no extension. Linux shows these in lower case, without what is after the name.
    identify: name => `${name.toUpperCase()}${name.includes('.') ? '' : '.'};1`,
    descriptor: 16,
    tables: { little: 19, big: 20 },
    directory: 21,
  },
  {
    type: 2,
    escape: '%/E',
    encode: text => Buffer.from(text, 'utf16le').swap16(),
    identify: name => `${name};1`,
    descriptor: 17,
    tables: { little: 22, big: 23 },
    directory: 24,
  },
]

/**
 * An ISO 9660 image with Joliet names (ECMA-119, December 1987, whose sections are cited; Joliet Specification, May 1995): all files in
 * its root directory. The same input gives the same bytes.
 */
export function iso9660(volume: string, files: readonly IsoFile[], at: Date): Uint8Array {
  assert(volumeShape.test(volume), `${volume} is no label`)
  assert(files.length <= filesMax, `${files.length} files are more than one sector lists`)
  for (const { name } of files) assert(nameShape.test(name), `${name} is no name`)
  assert(new Set(files.map(({ name }) => name.toUpperCase())).size === files.length, 'names differ in more than their case')
  assert(files.reduce((sum, { bytes }) => sum + bytes.length, 0) <= contentMax, 'the files are small')
  assert(at.getUTCFullYear() >= 1900 && at.getUTCFullYear() < 2156, 'a year is a byte')

  let end: number = sectors.files
  const placed = files.map(file => {
    const sector = end
    end += Math.ceil(file.bytes.length / sectorBytes)
    return { ...file, sector: sector < end ? sector : 0 }
  })
  const image = Buffer.alloc(Math.max(end * sectorBytes, imageMin))
  for (const tree of trees) writeTree(image, tree, volume, placed, at)
  image.write('\xffCD001\x01', sectors.terminator * sectorBytes, 'latin1')
  for (const { sector, bytes } of placed) image.set(bytes, sector * sectorBytes)
  return image
}

interface Placed extends IsoFile {
  readonly sector: number
}

function writeTree(image: Buffer, tree: Tree, volume: string, files: readonly Placed[], at: Date): void {
  const { encode, tables } = tree
  const own = directoryRecord(Buffer.of(0), tree.directory, sectorBytes, at, true)
  const parent = directoryRecord(Buffer.of(1), tree.directory, sectorBytes, at, true)
  const records = [...files]
    .sort(byName(tree))
    .map(({ name, sector, bytes }) => directoryRecord(encode(tree.identify(name)), sector, bytes.length, at, false))
  image.set(Buffer.concat([own, parent, ...records]), tree.directory * sectorBytes)

  // ECMA-119 9.4: one record in either byte order, of the root, which is its own parent.
  const table = Buffer.of(1, 0, 0, 0, 0, 0, 0, 0, 0, 0)
  table.writeUInt32LE(tree.directory, 2)
  table.writeUInt16LE(1, 6)
  image.set(table, tables.little * sectorBytes)
  table.writeUInt32BE(tree.directory, 2)
  table.writeUInt16BE(1, 6)
  image.set(table, tables.big * sectorBytes)

  // ECMA-119 8.4 and 8.5, whose positions count from one, and end with the last byte.
  const descriptor = image.subarray(tree.descriptor * sectorBytes, (tree.descriptor + 1) * sectorBytes)
  const text = (from: number, to: number, words = '') => {
    const bytes = to - from + 1
    descriptor.set(encode(words.padEnd(Math.floor(bytes / encode(' ').length))), from - 1)
  }
  descriptor.writeUInt8(tree.type, 0)
  descriptor.write('CD001\x01', 1, 'latin1')
  text(9, 40)
  text(41, 72, volume)
  both32(descriptor, 80, image.length / sectorBytes)
  descriptor.write(tree.escape, 88, 'latin1')
  both16(descriptor, 120, 1)
  both16(descriptor, 124, 1)
  both16(descriptor, 128, sectorBytes)
  both32(descriptor, 132, table.length)
  descriptor.writeUInt32LE(tables.little, 140)
  descriptor.writeUInt32BE(tables.big, 148)
  descriptor.set(own, 156)
  for (const [from, to] of identifiers) text(from, to)
  // Creation and modification at `at`; no expiration and no effective date (8.4.26.1: all digits zero).
  const digits = at.toISOString().replace(/\D/g, '').slice(0, 16)
  for (const [field, when] of [digits, digits, '0'.repeat(16), '0'.repeat(16)].entries())
    descriptor.write(when, 813 + field * 17, 'latin1')
  descriptor.writeUInt8(1, 881)
}

/** Volume set, publisher, data preparer, application, files of copyright, abstract and bibliography: none, so spaces. */
const identifiers = [
  [191, 318],
  [319, 446],
  [447, 574],
  [575, 702],
  [703, 739],
  [740, 776],
  [777, 813],
] as const

/** ECMA-119 9.1: an even number of bytes. */
function directoryRecord(identifier: Buffer, sector: number, bytes: number, at: Date, isDirectory: boolean): Buffer {
  const record = Buffer.alloc((33 + identifier.length + 1) & ~1)
  record.writeUInt8(record.length, 0)
  both32(record, 2, sector)
  both32(record, 10, bytes)
  const [month, day] = [at.getUTCMonth() + 1, at.getUTCDate()]
  record.set([at.getUTCFullYear() - 1900, month, day, at.getUTCHours(), at.getUTCMinutes(), at.getUTCSeconds()], 18)
  record.writeUInt8(isDirectory ? 2 : 0, 25)
  both16(record, 28, 1)
  record.writeUInt8(identifier.length, 32)
  record.set(identifier, 33)
  return record
}

/** ECMA-119 9.3: by what is before the dot, then by what is after it. */
const byName = (tree: Tree) => (a: IsoFile, b: IsoFile) => {
  const [nameA = '', extensionA = ''] = tree.identify(a.name).split(/[.;]/)
  const [nameB = '', extensionB = ''] = tree.identify(b.name).split(/[.;]/)
  return compare(nameA, nameB) || compare(extensionA, extensionB)
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** ECMA-119 7.2.3. */
function both16(bytes: Buffer, at: number, value: number): void {
  bytes.writeUInt16LE(value, at)
  bytes.writeUInt16BE(value, at + 2)
}

/** ECMA-119 7.3.3. */
function both32(bytes: Buffer, at: number, value: number): void {
  bytes.writeUInt32LE(value, at)
  bytes.writeUInt32BE(value, at + 4)
}
