import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The latest change of a file, or of any source below a folder, in milliseconds; what is built or installed aside. */
function latest(path: string): number {
  const stat = statSync(path)
  if (!stat.isDirectory()) return stat.mtimeMs
  return readdirSync(path)
    .filter(name => name !== 'node_modules' && name !== 'dist' && !name.includes('.test.'))
    .reduce((most, name) => Math.max(most, latest(join(path, name))), 0)
}

/** Whether a file is there that is not older than any of what it is made of. */
export const isBuilt = (file: string, sources: readonly string[]): boolean =>
  existsSync(file) && statSync(file).mtimeMs >= Math.max(...sources.map(latest))

/** Makes a file of its sources, where it is missing or older; whole at once, so that two who make it do not meet. */
export async function built(file: string, sources: readonly string[], make: (file: string) => Promise<void>): Promise<string> {
  if (isBuilt(file, sources)) return file
  // What is changed meanwhile is not in it.
  const began = new Date()
  mkdirSync(dirname(file), { recursive: true })
  const making = `${file}.${process.pid}`
  try {
    await make(making)
    utimesSync(making, began, began)
    renameSync(making, file)
  } finally {
    rmSync(making, { force: true })
  }
  return file
}
