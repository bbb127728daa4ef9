import { filled } from '@sirocco/shared/model/messages.ts'
import type { Messages } from './messages.ts'

/** What the server says, and by which key where it has one. */
export interface ServerText {
  readonly message: string
  readonly key?: string | undefined
  readonly params?: Readonly<Record<string, string>> | undefined
}

/** In the reader's words where they have that key, else as the server says it. */
export function told(t: Messages, { message, key, params }: ServerText): string {
  const template = key === undefined ? undefined : t.said[key]
  return template === undefined ? message : filled(template, params ?? {})
}
