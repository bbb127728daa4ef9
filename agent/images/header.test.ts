import { expect, test } from 'vitest'
import { headBytes, tellFormat } from './header.ts'

/** A file's ends, from pieces by where they lie; a negative place counts from the end. */
function file(pieces: Readonly<Record<number, Buffer | string>>, size = 1_000_000) {
  const head = Buffer.alloc(headBytes)
  const tail = Buffer.alloc(512)
  for (const [at, piece] of Object.entries(pieces)) {
    const bytes = typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece
    if (Number(at) < 0) bytes.copy(tail, 512 + Number(at))
    else bytes.copy(head, Number(at))
  }
  return { head, tail, size }
}
const be32 = (n: number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(n)
  return bytes
}
const be64 = (n: number) => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(n))
  return bytes
}
const le64 = (n: number) => Buffer.from(be64(n)).reverse()
const le32 = (n: number) => Buffer.from(be32(n)).reverse()

const qcow2 = (more: Readonly<Record<number, Buffer>> = {}) => file({ 0: 'QFI\xfb', 4: be32(3), 24: be64(10_000), ...more })
const vmdk = (words: string) => file({ 0: 'KDMV', 12: le64(2_048), 28: le64(1), 36: le64(20), 512: words })
const alone = 'createType="monolithicSparse"\nparentCID=ffffffff\nRW 2048 SPARSE "x.vmdk"\n'
const vhd = (type: number) => file({ [-512]: 'conectix', [-452]: be32(type), [-464]: be64(10_000) })
const vdi = (type: number) => file({ 64: le32(0xbeda107f), 76: le32(type), 368: le64(10_000) })

test.each([
  ['qcow2', qcow2(), 'qcow2', 10_000],
  ['a stream-optimised vmdk', vmdk(alone.replace('monolithicSparse', 'streamOptimized')), 'vmdk', 2_048 * 512],
  ['a fixed vhd', vhd(2), 'vhd', 10_000],
  ['vhdx', file({ 0: 'vhdxfile' }), 'vhdx', null],
  ['vdi', vdi(1), 'vdi', 10_000],
  ['an iso', file({ 32769: 'CD001' }), 'iso', 1_000_000],
  ['a raw disk with a partition table', file({ 510: '\x55\xaa' }), 'raw', 1_000_000],
])('%s is told by its own bytes', (_, ends, format, virtualBytes) => {
  expect(tellFormat(ends)).toEqual({ ok: true, value: { format, virtualBytes } })
})

test.each([
  ['a qcow2 with a backing file', qcow2({ 8: be64(104), 16: be32(11) }), 'based on another'],
  ['a qcow2 with a data file', qcow2({ 72: be64(4) }), 'in another file'],
  ['a qcow2 that says it is corrupt', qcow2({ 72: be64(2) }), 'corrupt'],
  ['a qcow2 with a feature of tomorrow', qcow2({ 72: be64(1 << 20) }), 'not known'],
  ['an encrypted qcow2', qcow2({ 32: be32(2) }), 'encrypted'],
  ['a vmdk that only describes', file({ 0: '# Disk DescriptorFile\nRW 1 FLAT "/etc/shadow"' }), 'description'],
  ['a vmdk with a parent', vmdk(alone.replace('ffffffff', '12345678')), 'based on another'],
  ['a vmdk with a hint of one', vmdk(`${alone}parentFileNameHint="/etc/shadow"\n`), 'based on another'],
  ['a vmdk of flat files', vmdk(alone.replace('monolithicSparse', 'monolithicFlat')), 'other files'],
  ['a vmdk of several extents', vmdk(`${alone}RW 1 FLAT "/etc/shadow" 0\n`), 'several'],
  ['a differencing vhd', vhd(4), 'based on another'],
  ['a differencing vdi', vdi(4), 'based on another'],
  ['what is packed', file({ 0: Buffer.from([0x1f, 0x8b]) }), 'gzip'],
  ['a page', file({ 0: '<!DOCTYPE html>' }), 'page'],
  ['anything else', file({ 0: 'hello' }), 'no disk'],
  ['nearly nothing', file({}, 3), 'too small'],
])('%s is refused before anything opens it', (_, ends, words) => {
  expect(tellFormat(ends)).toMatchObject({ ok: false, fault: { message: expect.stringContaining(words) } })
})
