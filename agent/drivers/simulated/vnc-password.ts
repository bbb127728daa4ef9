import { createCipheriv } from 'node:crypto'

const reversed = (byte: number): number => Number.parseInt(byte.toString(2).padStart(8, '0').split('').reverse().join(''), 2)

/**
 * What answers a challenge of VNC authentication (RFC 6143, 7.2.2): DES with the password as its key, each byte's bits turned round.
 * Three times the same key makes triple DES plain DES, which OpenSSL no longer offers.
 */
export function vncResponse(password: string, challenge: Uint8Array): Buffer {
  const key = Buffer.alloc(8)
  key.write(password, 'latin1')
  const des = Buffer.from(key.map(reversed))
  const cipher = createCipheriv('des-ede3', Buffer.concat([des, des, des]), null).setAutoPadding(false)
  return Buffer.concat([cipher.update(challenge), cipher.final()])
}
