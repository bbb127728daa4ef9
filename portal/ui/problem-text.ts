import { Problem } from '../api/problem.ts'
import type { Messages } from '../locales/messages.ts'
import { told } from '../locales/told.ts'

/** Codes whose server text adds nothing that the reader's language should not say. */
const own = ['offline', 'unauthenticated', 'forbidden', 'stale', 'throttled', 'internal', 'quota', 'capacity'] as const

/** Those of signing in say more where they have a key: how long to wait, which code was wrong. */
const says: readonly string[] = ['throttled', 'unauthenticated']

/** What went wrong, for the reader: in their words where the code says all, in the server's where it knows more. */
export function problemText(t: Messages, problem: unknown): string {
  if (!(problem instanceof Problem)) return t.crash.text
  const code = own.find(word => word === problem.code && !(says.includes(word) && problem.key !== undefined))
  return code ? t.problem[code] : told(t, problem)
}
