import { createHash } from 'node:crypto'
import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { bundlesFolder, Choice, choiceFile } from './choice.ts'

export const bundlePath = (data: string, bundle: string): string => join(data, bundlesFolder, `${bundle}.mjs`)

/** SHA-256 of a file, in hex; null where it cannot be read. */
export function hashOf(path: string): string | null {
  try {
    return createHash('sha256').update(readFileSync(path)).digest('hex')
  } catch {
    return null
  }
}

/** What was chosen; a file that is none says nothing. */
export function readChoice(data: string): Choice | null {
  try {
    return Choice.safeParse(JSON.parse(readFileSync(join(data, choiceFile), 'utf8'))).data ?? null
  } catch {
    return null
  }
}

export const textOf = (choice: Choice): string => `${JSON.stringify(choice)}\n`

export const writeChoice = (data: string, choice: Choice): void => writeWhole(join(data, choiceFile), textOf(choice))

/** On disk under its name, where its content is what the name says; then others than it and `keep` are gone. */
export function keepBundle(data: string, bundle: string, content: Uint8Array, keep: readonly (string | null)[]): void {
  const folder = join(data, bundlesFolder)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const wanted = new Set([bundle, ...keep].map(name => `${name}.mjs`))
  for (const name of readdirSync(folder)) if (!wanted.has(name)) rmSync(join(folder, name), { force: true })
  writeWhole(bundlePath(data, bundle), content)
}

/** All of it or none, also where the power fails. */
function writeWhole(path: string, content: string | Uint8Array): void {
  const making = `${path}.new`
  const file = openSync(making, 'w', 0o600)
  try {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content
    for (let at = 0; at < bytes.byteLength; ) at += writeSync(file, bytes, at)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(making, path)
  const folder = openSync(dirname(path), 'r')
  fsyncSync(folder)
  closeSync(folder)
}
