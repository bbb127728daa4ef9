import { createHash } from 'node:crypto'
import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { hex } from '@sirocco/shared/kit/random.ts'
import type { Scope } from '../../domain/access/principal.ts'
import type { KeyPair } from '../../domain/images/image.ts'
import { type PublicKey, rsaSpki } from '../../domain/key-pairs/openssh.ts'
import type { Store } from '../../ports/store.ts'
import { toBase64 } from '../base64.ts'
import type { Context, Decision } from '../verb.ts'

/** `already_exists` where the project has a key pair of this name. */
export async function isFree(store: Store, scope: Scope, name: string): Promise<Result<void>> {
  const existing = await store.keyPairs.find(scope, name)
  if (existing.ok)
    return refuse('already_exists', `there is a key pair ${name} already; choose another name, or delete it first`, {
      field: 'name',
    })
  return existing.fault.code === 'not_found' ? ok(undefined) : existing
}

/** The row of a new key pair; `already_exists` where the project has one of this name. */
export async function keep(
  { store, scope, principal, ids, random, clock }: Context,
  name: string,
  key: PublicKey,
  tags: Readonly<Record<string, string>>,
): Promise<Result<Decision<KeyPair>>> {
  const free = await isFree(store, scope, name)
  if (!free.ok) return free
  const keyPair = {
    id: ids.make('keyPair'),
    alias: `key-${hex(random, 17)}`,
    name,
    publicKey: `${key.line} ${name.replace(/\s+/g, '-')}`,
    type: key.type,
    fingerprint: await fingerprintOf(key),
  }
  return ok({
    answer: { ...keyPair, createdAt: clock.now(), tags },
    subjects: [keyPair.id],
    changes: [
      { do: 'key-pair.insert', keyPair, project: principal.project },
      ...Object.entries(tags).map(
        ([tag, value]) => ({ do: 'tag.set', project: principal.project, resource: keyPair.id, key: tag, value }) as const,
      ),
      { do: 'event', project: principal.project, type: 'key-pair.made', subject: keyPair.id },
    ],
  })
}

/** As EC2's: of Ed25519 the SHA-256 of the key blob in base64, of imported RSA the MD5 of its DER with colons. */
async function fingerprintOf(key: PublicKey): Promise<string> {
  if (key.numbers === null) return toBase64(new Uint8Array(await crypto.subtle.digest('SHA-256', key.blob)))
  const md5 = createHash('md5')
    .update(rsaSpki(...key.numbers))
    .digest('hex')
  return md5.replace(/..(?!$)/g, '$&:')
}
