import { Buffer } from 'node:buffer'
import type { Value } from './protocol.ts'

export type Native = null | bigint | number | string | Uint8Array

export function decode(value: Value): Native {
  if (value.type === 'null') return null
  if (value.type === 'integer') return BigInt(value.value)
  if (value.type === 'blob') return Buffer.from(value.base64, 'base64')
  return value.value
}

export function encode(value: unknown): Value {
  if (value === null || value === undefined) return { type: 'null' }
  if (typeof value === 'bigint') return { type: 'integer', value: String(value) }
  if (typeof value === 'number') return { type: 'float', value }
  if (typeof value === 'string') return { type: 'text', value }
  if (value instanceof Uint8Array) return { type: 'blob', base64: Buffer.from(value).toString('base64').replace(/=+$/, '') }
  if (value instanceof ArrayBuffer) return encode(new Uint8Array(value))
  throw new TypeError(`no SQLite value: ${typeof value}`)
}
