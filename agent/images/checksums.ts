/** A digest that a file must have. */
export interface Digest {
  readonly by: 'sha256' | 'sha512'
  readonly hex: string
}

const byLength: Readonly<Record<number, Digest['by']>> = { 64: 'sha256', 128: 'sha512' }

/**
 * The digest of `file` in a file of checksums as distributions publish them: GNU's `hex  name`, BSD's `SHA256 (name) = hex`, or a lone digest;
 * signatures around them are passed over. The strongest where there are several; null where there is none.
 */
export function digestIn(text: string, file: string): Digest | null {
  const found: Digest[] = []
  const note = (hex: string, name: string) => {
    const by = byLength[hex.length]
    if (by && name.replace(/^.*\//, '') === file) found.push({ by, hex: hex.toLowerCase() })
  }
  for (const line of text.split(/\r?\n/)) {
    const gnu = /^\\?([0-9a-f]{64}|[0-9a-f]{128})[ \t]+\*?(\S.*?)\s*$/i.exec(line)
    if (gnu) note(gnu[1] ?? '', gnu[2] ?? '')
    const bsd = /^SHA(?:256|512)\s*\((.+)\)\s*=\s*([0-9a-f]+)\s*$/i.exec(line)
    if (bsd) note(bsd[2] ?? '', bsd[1] ?? '')
  }
  const lone = /^\s*([0-9a-f]{128}|[0-9a-f]{64})\s*$/i.exec(text)
  if (lone) note(lone[1] ?? '', file)
  return found.find(({ by }) => by === 'sha512') ?? found[0] ?? null
}
