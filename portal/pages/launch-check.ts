import { limits } from '@sirocco/shared/model/limits.ts'
import type { Messages } from '../locales/messages.ts'

export type KeyMode = 'existing' | 'import' | 'create' | 'none'

/** The form as it stands; every value is what was typed. */
export interface LaunchForm {
  readonly name: string
  readonly image: string | null
  readonly flavor: string | null
  /** By name; empty: none. */
  readonly placementGroup: string
  /** By EC2's id; empty: one of the default network. */
  readonly subnet: string
  /** By id; empty: the default one. */
  readonly securityGroup: string
  readonly keyMode: KeyMode
  readonly keyPair: string | null
  readonly keyName: string
  readonly publicKey: string
  readonly userData: string
  readonly count: string
}

export type LaunchField =
  | 'name'
  | 'image'
  | 'flavor'
  | 'placementGroup'
  | 'keyPair'
  | 'keyName'
  | 'publicKey'
  | 'userData'
  | 'count'
export type LaunchErrors = Partial<Record<LaunchField, string>>

/** The fields from top to bottom: the first one in error gets the focus. */
export const launchFields: readonly LaunchField[] = [
  'name',
  'image',
  'flavor',
  'placementGroup',
  'keyPair',
  'keyName',
  'publicKey',
  'userData',
  'count',
]

const hostname = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i
const publicKey = /^(ssh-ed25519|ssh-rsa) [A-Za-z0-9+/]{40,}={0,3}( .*)?$/

/** What can be told before asking. The server has the last word. */
export function checkLaunch(t: Messages, form: LaunchForm): LaunchErrors {
  const errors: LaunchErrors = {}
  if (form.name !== '' && !hostname.test(form.name)) errors.name = t.launch.badName
  if (form.image === null) errors.image = t.launch.required
  if (form.flavor === null) errors.flavor = t.launch.required
  if (form.keyMode === 'existing' && form.keyPair === null) errors.keyPair = t.launch.required
  if ((form.keyMode === 'import' || form.keyMode === 'create') && form.keyName.trim() === '') errors.keyName = t.launch.required
  if (form.keyMode === 'import' && !isPublicKey(form.publicKey)) errors.publicKey = t.launch.badKey
  if (new TextEncoder().encode(form.userData).length > limits.userDataBytes) errors.userData = t.launch.tooMuchUserData
  if (countOf(form.count) === null) errors.count = t.launch.badCount({ max: limits.bulk })
  return errors
}

export const isPublicKey = (text: string): boolean => publicKey.test(text.trim())

/** null: not a number of machines that one launch may have. */
export function countOf(text: string): number | null {
  const count = Number(text)
  return /^\d+$/.test(text.trim()) && count >= 1 && count <= limits.bulk ? count : null
}

/** The third word of a public key names it, as `ssh-keygen` wrote it: `ada@laptop`. */
export const nameInKey = (text: string): string =>
  text
    .trim()
    .split(/\s+/)[2]
    ?.replaceAll(/[^\w.@-]/g, '-') ?? ''

/** UTF-8 in base64, as user-data travels. */
export function base64(text: string): string {
  let bytes = ''
  for (const byte of new TextEncoder().encode(text)) bytes += String.fromCharCode(byte)
  return btoa(bytes)
}
