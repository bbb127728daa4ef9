/** What one browser remembers; nothing where its storage is forbidden. */
export function remembered(key: 'language' | 'theme'): string | null {
  try {
    return localStorage.getItem(`sirocco.${key}`)
  } catch {
    return null
  }
}

/** `null` forgets. */
export function remember(key: 'language' | 'theme', value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(`sirocco.${key}`)
    else localStorage.setItem(`sirocco.${key}`, value)
  } catch {
    // It applies until the page is closed.
  }
}
