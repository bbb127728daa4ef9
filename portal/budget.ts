import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

/** kB (1000 bytes) of gzipped JavaScript that the first page loads: above `warn` think, above `fail` refuse. */
export const budget = { warn: 180, fail: 195 } as const

interface Chunk {
  readonly file: string
  readonly isEntry?: boolean
  readonly imports?: readonly string[]
}

/** The entry and everything it imports statically, by the manifest that vite wrote. */
export function firstLoad(manifest: Readonly<Record<string, Chunk>>): readonly string[] {
  const files = new Set<string>()
  const visit = (key: string): void => {
    const chunk = manifest[key]
    if (!chunk || files.has(chunk.file)) return
    files.add(chunk.file)
    for (const next of chunk.imports ?? []) visit(next)
  }
  for (const [key, chunk] of Object.entries(manifest)) if (chunk.isEntry) visit(key)
  return [...files]
}

/** kB gzipped of the first load of a built portal. */
export function measure(dist: string): number {
  const manifest: Record<string, Chunk> = JSON.parse(readFileSync(`${dist}/.vite/manifest.json`, 'utf8'))
  const bytes = firstLoad(manifest).map(file => gzipSync(readFileSync(`${dist}/${file}`), { level: 9 }).length)
  return bytes.reduce((sum, size) => sum + size, 0) / 1_000
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const size = measure(fileURLToPath(new URL('dist', import.meta.url)))
  const verdict = size > budget.fail ? 'too much' : size > budget.warn ? 'close to the limit' : 'fine'
  console.log(
    `portal: first load ${size.toFixed(1)} kB of JavaScript, gzipped; ${verdict} (warn ${budget.warn}, fail ${budget.fail})`,
  )
  if (size > budget.fail) process.exitCode = 1
}
