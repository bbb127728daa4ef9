import { z } from 'zod'
import { canonical } from '../kit/canonical.ts'

/** Who did what to what, as the audit keeps it. */
export const AuditLine = z.strictObject({
  seq: z.int().positive(),
  at: z.int(),
  project: z.string().nullable(),
  actor: z.string(),
  verb: z.string(),
  subjects: z.array(z.string()),
})
export type AuditLine = z.output<typeof AuditLine>

/** The chain's hash after the line of this seq. */
export const AuditSeal = z.strictObject({ seal: z.int().positive(), hash: z.string().regex(/^[0-9a-f]{64}$/) })
export type AuditSeal = z.output<typeof AuditSeal>

/** Before the first line. */
export const noHash = '0'.repeat(64)

/** What the next hash of the chain is the SHA-256 of. */
export const linkOf = (before: string, line: AuditLine): string => `${before}\n${canonical(line)}`
