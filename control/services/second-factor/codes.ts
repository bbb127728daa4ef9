import type { Random } from '@sirocco/shared/kit/random.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { Secret as OtpSecret, TOTP } from 'otpauth'

/** RFC 6238 as every app has it: SHA-1, 6 digits, 30 s; and RFC 4226's 160 bits of secret. */
const period = 30
const shape = { algorithm: 'SHA1', digits: 6, period } as const
const secretBytes = 20

/** In base 32, as apps take it. */
export const newTotpSecret = (random: Random): string =>
  new OtpSecret({ buffer: new Uint8Array(random.bytes(secretBytes)).buffer }).base32

/** `otpauth:` as apps read it from a QR code. */
export const totpAddress = (secret: string, issuer: string, account: string): string =>
  new TOTP({ ...shape, issuer, label: account, secret: OtpSecret.fromBase32(secret) }).toString()

/** The step (30 s since the epoch) that `code` is of, one before or behind now taken too (RFC 6238, 5.2); null: of none. */
export function stepOf(code: string, secret: string, now: number): number | null {
  const delta = TOTP.validate({ ...shape, token: code, secret: OtpSecret.fromBase32(secret), timestamp: now, window: 1 })
  return delta === null ? null : TOTP.counter({ period, timestamp: now }) + delta
}

export const isTotpCode = (code: string): boolean => /^\d{6}$/.test(code)

/** Crockford's, lower case: nothing that is mistaken for something else on paper. */
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'

/** Codes of 16 characters (80 bits, so many that nobody guesses one however often they try), in groups of four. */
export const newRecoveryCodes = (random: Random): string[] =>
  Array.from({ length: limits.recoveryCodes }, () =>
    Array.from(random.bytes(16), (byte, at) => (at > 0 && at % 4 === 0 ? '-' : '') + alphabet.charAt(byte % 32)).join(''),
  )

/** As it is hashed: however it was typed. */
export const plainRecoveryCode = (code: string): string =>
  code
    .toLowerCase()
    .replaceAll(/[^0-9a-z]/g, '')
    .replaceAll('o', '0')
    .replaceAll(/[il]/g, '1')
