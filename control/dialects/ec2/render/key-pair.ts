import type { KeyPair } from '../../../domain/images/image.ts'
import { renderTags } from './tags.ts'
import { renderTime } from './time.ts'

/** What creating and importing answer. */
export const renderNewKeyPair = (keyPair: KeyPair) => ({
  keyName: keyPair.name,
  keyFingerprint: keyPair.fingerprint,
  keyPairId: keyPair.alias,
  tagSet: renderTags(keyPair.tags),
})

export const renderKeyPair = (keyPair: KeyPair, withPublicKey: boolean) => ({
  ...renderNewKeyPair(keyPair),
  keyType: keyPair.type,
  createTime: renderTime(keyPair.createdAt),
  publicKey: withPublicKey ? keyPair.publicKey : null,
})
