/** `bad` keeps something from working; `odd` is good to know. What `says` ends with what to do. */
export interface Finding {
  readonly verdict: 'good' | 'odd' | 'bad'
  readonly about: string
  readonly says: string
}

export const good = (about: string, says: string): Finding => ({ verdict: 'good', about, says })
export const odd = (about: string, says: string): Finding => ({ verdict: 'odd', about, says })
export const bad = (about: string, says: string): Finding => ({ verdict: 'bad', about, says })
