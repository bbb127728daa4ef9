import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { type At, nowhere, points } from './reconcile/points.ts'

/**
 * The crash point that `spec` (`<point>[:n]`) names, as a hook: at its n-th passing the process is gone, as by `kill -9`. What crashed
 * once is written to `done`, so that the next life, started with the same environment, passes.
 */
export function crashAt(spec: string | undefined, done: string): At {
  if (!spec) return nowhere
  const [point = '', count = '1'] = spec.split(':')
  if (!points.includes(point)) throw new Error(`no crash point is named ${point}; \`sirocco-agent points\` lists them`)
  if (existsSync(done) && readFileSync(done, 'utf8').split('\n').includes(spec)) return nowhere
  let left = Number(count)
  return async passed => {
    if (passed !== point || --left > 0) return
    writeFileSync(done, `${spec}\n`, { flag: 'a', mode: 0o600 })
    process.kill(process.pid, 'SIGKILL')
    await new Promise<never>(() => {})
  }
}
