import { createHash } from 'node:crypto'

/** Of the metadata element that says whose a domain is. */
export const metadataNamespace = 'https://sirocco.dev/xmlns/1'

/** What our metadata says of a domain. */
export interface Mark {
  readonly instance: string
  readonly id: string
  readonly shape: string
}

const hash = (...parts: readonly string[]) => createHash('sha256').update(parts.join('\0')).digest()

/** Always the same for a machine of an instance, so that a define whose answer was lost lands on the same domain again. */
export const domainUuid = (instance: string, machine: string): Buffer => uuidOf('domain', instance, machine)

/** The same on every host of an instance, so that a machine that comes finds it. */
export const secretUuid = (instance: string, pool: string): Buffer => uuidOf('secret', instance, pool)

function uuidOf(...parts: readonly string[]): Buffer {
  const uuid = Buffer.from(hash(...parts).subarray(0, 16))
  // Version 8 (vendor's own) and the variant of RFC 9562.
  uuid.writeUInt8((uuid.readUInt8(6) & 0x0f) | 0x80, 6)
  uuid.writeUInt8((uuid.readUInt8(8) & 0x3f) | 0x80, 8)
  return uuid
}

/** `8-4-4-4-12` hexadecimal digits. */
export const uuidText = (uuid: Uint8Array): string =>
  Buffer.from(uuid)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')

/** What people see in the hypervisor's own tools; nothing is ever found by it. */
export const domainName = (tag: string, machine: string): string => `sirocco-${tag}-${machine}`
