import { open } from 'node:fs/promises'

/** Of a qcow2 file's header (QEMU's docs/interop/qcow2.txt), what decides here. */
export interface Qcow2 {
  /** Of the disk that the guest sees, in bytes. */
  readonly size: number
  /** The file that it stands on; null: it stands alone. */
  readonly backing: string | null
}

const magic = 0x514649fb
/** Longest name of a backing file, as the format has it. */
const nameMax = 1_023

/** Reads a header; null where there is no such file, or it is no qcow2. Also while a guest writes to it. */
export async function readQcow2(path: string): Promise<Qcow2 | null> {
  const file = await open(path, 'r').catch(() => null)
  if (!file) return null
  try {
    const { buffer: header, bytesRead } = await file.read(Buffer.alloc(32), 0, 32, 0)
    if (bytesRead < 32 || header.readUInt32BE(0) !== magic) return null
    const size = Number(header.readBigUInt64BE(24))
    const at = Number(header.readBigUInt64BE(8))
    const length = header.readUInt32BE(16)
    if (at === 0 || length === 0) return { size, backing: null }
    if (length > nameMax) return null
    const { buffer: name, bytesRead: read } = await file.read(Buffer.alloc(length), 0, length, at)
    return read === length ? { size, backing: name.toString('utf8') } : null
  } finally {
    await file.close()
  }
}
