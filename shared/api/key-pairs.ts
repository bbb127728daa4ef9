import { z } from 'zod'
import { pageOf } from './page.ts'
import { Tags, Time } from './text.ts'

const types = ['ed25519', 'rsa'] as const

export const KeyPair = z.strictObject({
  id: z.string(),
  ec2Id: z.string(),
  name: z.string(),
  type: z.enum(types),
  fingerprint: z.string(),
  publicKey: z.string(),
  tags: z.record(z.string(), z.string()),
  createdAt: Time,
})
export type KeyPair = z.output<typeof KeyPair>

export const KeyPairPage = pageOf(KeyPair)

/** With `publicKey` it is imported; without, made here, and its private key answered this once and kept nowhere. */
export const NewKeyPair = z
  .strictObject({
    name: z.string().min(1).max(255),
    /** One line, as OpenSSH's `.pub` files. */
    publicKey: z.string().min(1).max(16_384).optional(),
    /** Of a key that is made here. */
    type: z.enum(types).optional(),
    tags: Tags.optional(),
  })
  .refine(({ publicKey, type }) => publicKey === undefined || type === undefined, {
    path: ['type'],
    message: 'the type of an imported key is told by the key: leave it out',
  })

export const MadeKeyPair = KeyPair.extend({ privateKey: z.string().optional() })
export type MadeKeyPair = z.output<typeof MadeKeyPair>

/** By name, or by either id. */
export const KeyPairParams = z.strictObject({ name: z.string().min(1).max(255) })
