import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { isBuilt } from './built.ts'
import { root } from './bundle.ts'

export const portalFolder = join(root, 'portal/dist')

export const portalIsBuilt = (): boolean =>
  isBuilt(
    join(portalFolder, 'index.html'),
    ['portal', 'shared'].map(room => join(root, room)),
  )

/** Builds it; what is wrong with its sources, if something is. */
export function buildPortal(): Promise<string | undefined> {
  return new Promise((done, fail) => {
    const vite = join(root, 'node_modules/vite/bin/vite.js')
    const child = spawn(process.execPath, [vite, 'build', 'portal', '--logLevel', 'warn'], {
      cwd: root,
      // Whoever calls: a test runner's environment would make React's slow, larger build of it.
      env: { ...process.env, NODE_ENV: 'production' },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        output = (output + chunk.toString()).slice(-2_000)
      })
    }
    child.on('error', fail)
    child.on('close', code => done(code === 0 ? undefined : plain(output)))
  })
}

const plain = (output: string) => stripVTControlCharacters(output).trim().split('\n').slice(0, 4).join('\n')
