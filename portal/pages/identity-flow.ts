import type { AskedProvider } from '../api/types.ts'

/** What a browser keeps while it is at an identity provider: this tab alone, so that an answer to another does not fit. */
interface Kept {
  readonly flow: string
  /** To link an account to the person who is signed in; else to sign in. */
  readonly link: boolean
  /** Where they wanted to go. */
  readonly to: string
}
const key = 'sirocco.identity'

/** Goes there. */
export function leave({ url, flow }: AskedProvider, about: Omit<Kept, 'flow'>): void {
  sessionStorage.setItem(key, JSON.stringify({ flow, ...about }))
  location.assign(url)
}

/** What was kept, once; null: this tab went nowhere. */
export function backFrom(): Kept | null {
  const text = sessionStorage.getItem(key)
  sessionStorage.removeItem(key)
  if (text === null) return null
  const kept: unknown = JSON.parse(text)
  if (typeof kept !== 'object' || kept === null || !('flow' in kept) || typeof kept.flow !== 'string') return null
  return {
    flow: kept.flow,
    link: 'link' in kept && kept.link === true,
    to: 'to' in kept && typeof kept.to === 'string' && /^\/(?![/\\])/.test(kept.to) ? kept.to : '',
  }
}
