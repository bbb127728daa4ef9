import { deleteKeyPair } from '../../../services/key-pairs/delete.ts'
import { action } from '../action.ts'
import { text } from '../parameters.ts'
import { Refusal } from '../refusal.ts'

const parameters = { KeyName: text.optional(), KeyPairId: text.optional() }

/** DeleteKeyPair: one that is not there is no error, as EC2's. */
export const DeleteKeyPair = action(
  { right: 'key-pairs.delete', noun: 'key-pair', parameters },
  async (request, { KeyName, KeyPairId }) => {
    const keyPair = KeyPairId ?? KeyName
    if (keyPair === undefined || keyPair === '')
      throw new Refusal('MissingParameter', 'The request must contain the parameter KeyName or KeyPairId')
    if (KeyPairId !== undefined && KeyName !== undefined)
      throw new Refusal('InvalidParameterCombination', 'Give either KeyName or KeyPairId')
    await request.call(deleteKeyPair, { keyPair })
    return { return: true }
  },
)
