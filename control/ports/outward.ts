import type { Result } from '@sirocco/shared/kit/fault.ts'

/** Requests to addresses that somebody gave us. What stands behind it reaches nothing but the public Internet, and what an admin allows. */
export interface Outward {
  /** One request, followed nowhere, whose answer is read up to `limits.outwardAnswer` bytes; refusals as of `post`. */
  ask(
    url: string,
    request: { readonly method: string; readonly headers: Readonly<Record<string, string>>; readonly body: string | null },
  ): Promise<Result<{ readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: string }>>
  /** One POST, followed nowhere; the answer's body is not read. `unavailable` where nobody answers in time, `forbidden` where it may not go. */
  post(url: string, headers: Readonly<Record<string, string>>, body: string): Promise<Result<{ readonly status: number }>>
}
