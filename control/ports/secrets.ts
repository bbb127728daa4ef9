import type { Result } from '@sirocco/shared/kit/fault.ts'
import type { Secret } from '@sirocco/shared/kit/secret.ts'

/** Seals secrets at rest: AES-GCM with a key id; `place` is `table|row|column`, so that a sealed value cannot be moved. */
export interface Secrets {
  seal(secret: Secret, place: string): Promise<string>
  open(sealed: string, place: string): Promise<Result<Secret>>
}
