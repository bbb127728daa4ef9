import { z } from 'zod'
import { fromBase64 } from '../../../services/base64.ts'
import { importKeyPair } from '../../../services/key-pairs/import.ts'
import { action } from '../action.ts'
import { specifiedTags, tagSpecifications, text } from '../parameters.ts'
import { Refusal } from '../refusal.ts'
import { renderNewKeyPair } from '../render/key-pair.ts'

const parameters = {
  KeyName: text.min(1, 'must not be empty').max(255, 'is longer than 255 characters'),
  PublicKeyMaterial: z.string().min(1, 'must not be empty').max(16_384, 'is longer than a public key'),
  TagSpecification: tagSpecifications(['key-pair']),
}

/** The line itself, which comes in base64; that it is a key is the verb's to say. */
function lineOf(material: string): string {
  const bytes = fromBase64(material.trim())
  if (bytes === null) throw new Refusal('InvalidKey.Format', 'Key is not in valid OpenSSH public key format')
  return new TextDecoder().decode(bytes).trim()
}

/** ImportKeyPair: an OpenSSH public key, RSA or Ed25519. */
export const ImportKeyPair = action({ right: 'key-pairs.import', noun: 'key-pair', parameters }, async (request, given) => {
  const publicKey = lineOf(given.PublicKeyMaterial)
  return renderNewKeyPair(
    await request.call(importKeyPair, {
      name: given.KeyName,
      publicKey,
      tags: specifiedTags(given.TagSpecification, 'key-pair'),
    }),
  )
})
