import { z } from 'zod'
import { parsePublicKey } from '../../domain/key-pairs/openssh.ts'
import { fromBase64 } from '../base64.ts'
import { Name, Tags } from '../inputs.ts'
import { write } from '../verb.ts'
import { keep } from './keep.ts'

/** Keeps a public key under a name; `publicKey` is an OpenSSH line. */
export const importKeyPair = write('key-pairs.import', {
  input: z.object({ name: Name, publicKey: z.string().max(8_192), tags: Tags.default({}) }),
  async run(context, { name, publicKey, tags }) {
    const key = parsePublicKey(publicKey, fromBase64)
    return key.ok ? keep(context, name, key.value, tags) : key
  },
})
