import { linkOf, noHash } from '@sirocco/shared/api/audit.ts'
import { ok } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { sha256 } from '../services/sha256.ts'
import type { Reconciler } from './reconciler.ts'

/** Chains the audit: a seal holds the hash of all lines up to its own, so none before it can be changed without changing it. */
export const sealAudit: Reconciler = {
  name: 'seal-audit',
  async run({ store }) {
    const last = await store.audit.lastSeal()
    if (!last.ok) return last
    const after = last.value?.seal ?? 0
    const lines = await store.audit.lines(after, limits.reconcilePage)
    if (!lines.ok) return lines
    const end = lines.value.at(-1)
    if (!end) return ok(0)
    let hash = last.value?.hash ?? noHash
    for (const line of lines.value) hash = await sha256(linkOf(hash, line))
    const sealed = await store.commit([{ do: 'audit.seal', after, seq: end.seq, hash }])
    // Another run was first.
    return sealed.ok || sealed.fault.code === 'stale' ? ok(lines.value.length) : sealed
  },
}
