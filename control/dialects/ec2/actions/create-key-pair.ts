import { z } from 'zod'
import { createKeyPair } from '../../../services/key-pairs/create.ts'
import { action } from '../action.ts'
import { only, specifiedTags, tagSpecifications, text } from '../parameters.ts'
import { renderNewKeyPair } from '../render/key-pair.ts'

const parameters = {
  KeyName: text.min(1, 'must not be empty').max(255, 'is longer than 255 characters'),
  KeyType: z.enum(['rsa', 'ed25519']).default('rsa'),
  KeyFormat: only(['pem'], 'the private key comes as pem; puttygen makes a ppk of it').optional(),
  TagSpecification: tagSpecifications(['key-pair']),
}

/** CreateKeyPair: the private key is in this answer and nowhere else. */
export const CreateKeyPair = action({ right: 'key-pairs.create', noun: 'key-pair', parameters }, async (request, given) => {
  const made = await request.call(createKeyPair, {
    name: given.KeyName,
    type: given.KeyType,
    tags: specifiedTags(given.TagSpecification, 'key-pair'),
  })
  return { ...renderNewKeyPair(made), keyMaterial: made.privateKey.reveal() }
})
