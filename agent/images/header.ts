import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { ImageFormat } from '@sirocco/shared/model/images/formats.ts'

/** What is read of a file to tell what it is: its first bytes, and its last 512. */
export interface Ends {
  readonly head: Buffer
  readonly tail: Buffer
  /** Of the whole file, in bytes. */
  readonly size: number
}
/** So many first bytes are enough for every header here: an ISO's volume descriptor ends at 34,816. */
export const headBytes = 65_536

export interface Told {
  readonly format: ImageFormat
  /** As its header says; null where that does not say. Bytes. */
  readonly virtualBytes: number | null
}

const standsAlone = 'an image must stand alone: flatten it first, for example with qemu-img convert'

/**
 * What a file of unknown origin is, from its own first bytes and nobody's word, and whether it may be opened by anything at all: what is
 * based on or keeps its data in another file, or is encrypted, is refused before qemu-img sees it.
 */
export function tellFormat(ends: Ends): Result<Told> {
  const { head, size } = ends
  if (size < 512) return refuse('invalid', 'the file is too small to be a disk')
  for (const { magic, what } of packed)
    if (head.subarray(0, magic.length).equals(magic))
      return refuse('invalid', `the file is packed (${what}); unpack it first, or choose an address of the image itself`)
  for (const tell of [qcow2, vmdk, vhdx, vdi, vhd, iso]) {
    const told = tell(ends)
    if (told) return told
  }
  if (/^\s*(<!doctype|<html|<\?xml)/i.test(head.toString('latin1', 0, 64)))
    return refuse('invalid', 'what was fetched is a page, not a disk; check the address')
  const isRaw = (head[510] === 0x55 && head[511] === 0xaa) || head.toString('latin1', 512, 520) === 'EFI PART'
  return isRaw
    ? ok({ format: 'raw', virtualBytes: size })
    : refuse(
        'invalid',
        'the file is no disk that is known here: qcow2, vmdk, vhd, vhdx, vdi, iso, or a raw disk with a partition table',
      )
}

const packed = [
  { magic: Buffer.from([0x1f, 0x8b]), what: 'gzip' },
  { magic: Buffer.from('BZh'), what: 'bzip2' },
  { magic: Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]), what: 'xz' },
  { magic: Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), what: 'zstd' },
  { magic: Buffer.from('PK\x03\x04'), what: 'zip' },
  { magic: Buffer.from('7z\xbc\xaf\x27\x1c', 'latin1'), what: '7-Zip' },
]

type Teller = (ends: Ends) => Result<Told> | null

const number64 = (bytes: Buffer, at: number): number => Number(bytes.readBigUInt64BE(at))
const number64le = (bytes: Buffer, at: number): number => Number(bytes.readBigUInt64LE(at))

/** QEMU's docs/interop/qcow2.txt. */
const qcow2: Teller = ({ head }) => {
  if (!head.subarray(0, 4).equals(Buffer.from('QFI\xfb', 'latin1'))) return null
  if (head.length < 104) return refuse('invalid', 'the qcow2 header is cut off')
  const version = head.readUInt32BE(4)
  if (version !== 2 && version !== 3) return refuse('invalid', `qcow2 of version ${version} is not known here`)
  if (number64(head, 8) !== 0 || head.readUInt32BE(16) !== 0)
    return refuse('invalid', `the image is based on another file; ${standsAlone}`)
  if (head.readUInt32BE(32) !== 0) return refuse('invalid', 'the image is encrypted')
  if (version === 3) {
    const incompatible = head.readBigUInt64BE(72)
    if (incompatible & 4n) return refuse('invalid', `the image keeps its data in another file; ${standsAlone}`)
    if (incompatible & 2n) return refuse('invalid', 'the image is marked as corrupt')
    // Dirty, compression type, extended L2 entries: QEMU's own to know.
    if (incompatible & ~0b11001n) return refuse('unsupported', 'the image uses a feature of qcow2 that is not known here')
  }
  return ok({ format: 'qcow2', virtualBytes: number64(head, 24) })
}

/** VMware's Virtual Disk Format 5.0: a sparse extent with its descriptor inside. */
const vmdk: Teller = ({ head }) => {
  if (/^# Disk DescriptorFile/i.test(head.toString('latin1', 0, 32)))
    return refuse('invalid', `the vmdk is only a description of other files; ${standsAlone}`)
  if (head.toString('latin1', 0, 4) !== 'KDMV') return null
  const capacity = number64le(head, 12) * 512
  const [at, length] = [number64le(head, 28) * 512, number64le(head, 36) * 512]
  if (at === 0 || length === 0 || at + length > head.length)
    return refuse('invalid', 'the vmdk has no description inside, or not where it should be')
  const words = head.toString('latin1', at, at + length).replace(/\0[\s\S]*$/, '')
  const type = /^\s*createType\s*=\s*"([^"]*)"/im.exec(words)?.[1] ?? ''
  if (!/^(monolithicSparse|streamOptimized)$/i.test(type))
    return refuse('invalid', `a vmdk of type ${type.slice(0, 40) || 'unknown'} has other files; ${standsAlone}`)
  const parent = /^\s*parentCID\s*=\s*([0-9a-f]+)/im.exec(words)?.[1]
  if ((parent !== undefined && !/^f{8}$/i.test(parent)) || /^\s*parentFileNameHint/im.test(words))
    return refuse('invalid', `the image is based on another file; ${standsAlone}`)
  if ([...words.matchAll(/^\s*(RW|RDONLY|NOACCESS)\s+\d+/gim)].length !== 1)
    return refuse('invalid', `the vmdk has several extents; ${standsAlone}`)
  return ok({ format: 'vmdk', virtualBytes: capacity })
}

/** Microsoft's VHDX: whether it has a parent stands in a region that QEMU reads, and refuses. */
const vhdx: Teller = ({ head }) =>
  head.toString('latin1', 0, 8) === 'vhdxfile' ? ok({ format: 'vhdx', virtualBytes: null }) : null

/** Microsoft's VHD: its footer last, in a dynamic disk also first. Types: 2 fixed, 3 dynamic, 4 differencing. */
const vhd: Teller = ({ head, tail }) => {
  const footer = [tail, head].find(bytes => bytes.toString('latin1', 0, 8) === 'conectix')
  if (!footer) return null
  const type = footer.readUInt32BE(60)
  if (type === 4) return refuse('invalid', `the image is based on another file; ${standsAlone}`)
  return type === 2 || type === 3
    ? ok({ format: 'vhd', virtualBytes: number64(footer, 48) })
    : refuse('invalid', `a vhd of type ${type} is not known here`)
}

/** VirtualBox's VDI: 1 dynamic, 2 fixed; others have a parent. */
const vdi: Teller = ({ head }) => {
  if (head.readUInt32LE(0x40) !== 0xbeda107f) return null
  const type = head.readUInt32LE(0x4c)
  return type === 1 || type === 2
    ? ok({ format: 'vdi', virtualBytes: number64le(head, 0x170) })
    : refuse('invalid', `the image is based on another file; ${standsAlone}`)
}

/** ECMA-119: the first volume descriptor lies in sector 16. */
const iso: Teller = ({ head, size }) =>
  head.toString('latin1', 0x8001, 0x8006) === 'CD001' ? ok({ format: 'iso', virtualBytes: size }) : null

/** What qemu-img calls it. */
export const qemuName = {
  qcow2: 'qcow2',
  raw: 'raw',
  vmdk: 'vmdk',
  vhd: 'vpc',
  vhdx: 'vhdx',
  vdi: 'vdi',
  iso: 'raw',
} as const satisfies Record<ImageFormat, string>
