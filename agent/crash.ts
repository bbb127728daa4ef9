import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type At, nowhere } from './reconcile/points.ts'

/**
 * A hook for tests that kill: where `file` says `<point>:<n>`, this process halts at the n-th passing from then on, as by `kill -STOP`, and
 * `file` is gone. Whoever wrote it kills what it likes, this process or another, and lets it go on. Each passing is told in `file`.passed.
 */
export function haltAt(file: string | undefined): At {
  if (!file) return nowhere
  return async passed => {
    appendFileSync(`${file}.passed`, `${passed}\n`)
    const [point, left] = named(file)
    if (passed !== point) return
    if (left > 1) return writeFileSync(file, `${point}:${left - 1}`)
    rmSync(file, { force: true })
    process.kill(process.pid, 'SIGSTOP')
  }
}

function named(file: string): readonly [point: string, left: number] {
  try {
    const [point = '', left] = readFileSync(file, 'utf8').split(':')
    return [point, Number(left)]
  } catch {
    return ['', 0]
  }
}
