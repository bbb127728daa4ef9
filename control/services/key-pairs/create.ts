import { assert } from '@sirocco/shared/kit/assert.ts'
import { ok, type Result } from '@sirocco/shared/kit/fault.ts'
import { Secret } from '@sirocco/shared/kit/secret.ts'
import { z } from 'zod'
import type { KeyPair } from '../../domain/images/image.ts'
import { ed25519Blob, ed25519PrivateKey, parsePublicKey, rsaBlob } from '../../domain/key-pairs/openssh.ts'
import { fromBase64, fromBase64Url, toBase64 } from '../base64.ts'
import { Name, Tags } from '../inputs.ts'
import { type Call, read, write } from '../verb.ts'
import { isFree, keep } from './keep.ts'

const Input = z.object({ name: Name, type: z.enum(['rsa', 'ed25519']).default('rsa'), tags: Tags.default({}) })

/**
 * Makes a key pair; the private key is in this answer and nowhere else. So an idempotency token is not remembered: asked again, it could not
 * answer the same. That it lands once is held by the name: whoever asks again reads `already_exists`, and deletes it first.
 */
export const createKeyPair = {
  name: 'key-pairs.create' as const,
  input: Input,
  async call(call: Call, input: z.input<typeof Input>): Promise<Result<KeyPair & { readonly privateKey: Secret }>> {
    const made = await make.call(call, input)
    if (!made.ok) return made
    const { token: _, ...once } = call
    const kept = await keepMade.call(once, { ...input, publicKey: made.value.line })
    return kept.ok ? ok({ ...kept.value, privateKey: made.value.privateKey }) : kept
  },
}

const make = read('key-pairs.create', {
  input: Input,
  async run({ random, store, scope }, { name, type }) {
    // Looked for before the work: making a key costs more than all else here.
    const free = await isFree(store, scope, name)
    if (!free.ok) return free
    return ok(type === 'rsa' ? await makeRsa() : await makeEd25519(name, random.bytes(4)))
  },
})

const keepMade = write('key-pairs.create', {
  input: Input.extend({ publicKey: z.string() }),
  async run(context, { name, publicKey, tags }) {
    const key = parsePublicKey(publicKey, fromBase64)
    return key.ok ? keep(context, name, key.value, tags) : key
  },
})

const pem = (label: string, bytes: Uint8Array): string => {
  const lines = toBase64(bytes).match(/.{1,64}/g) ?? []
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n')
}

async function partOf(key: CryptoKey, name: 'n' | 'e' | 'd' | 'x'): Promise<Uint8Array> {
  const jwk = (await crypto.subtle.exportKey('jwk', key)) as JsonWebKey
  const bytes = fromBase64Url(jwk[name] ?? '')
  assert(bytes !== null && bytes.length > 0, `a key without ${name}`)
  return bytes
}

/** RSA of 2048 bits; the private key as PKCS#8, which OpenSSH reads. */
async function makeRsa() {
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', modulusLength: 2048, publicExponent: Uint8Array.of(1, 0, 1), hash: 'SHA-256' }
  const pair = (await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as CryptoKeyPair
  const pkcs8 = new Uint8Array((await crypto.subtle.exportKey('pkcs8', pair.privateKey)) as ArrayBuffer)
  const line = `ssh-rsa ${toBase64(rsaBlob(await partOf(pair.publicKey, 'e'), await partOf(pair.publicKey, 'n')))}`
  return { line, privateKey: new Secret(pem('PRIVATE KEY', pkcs8)) }
}

/** Ed25519 in OpenSSH's own format: it reads no PKCS#8 of this kind. */
async function makeEd25519(name: string, check: Uint8Array) {
  const pair = (await crypto.subtle.generateKey({ name: 'Ed25519' }, true, ['sign', 'verify'])) as CryptoKeyPair
  const key = await partOf(pair.publicKey, 'x')
  const bytes = ed25519PrivateKey(await partOf(pair.privateKey, 'd'), key, check, name.replace(/[^\x20-\x7e]/g, '-'))
  return { line: `ssh-ed25519 ${toBase64(ed25519Blob(key))}`, privateKey: new Secret(pem('OPENSSH PRIVATE KEY', bytes)) }
}
