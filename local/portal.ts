import { spawn } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { root } from './bundle.ts'

export const portalFolder = join(root, 'portal/dist')

/** The latest change of any source below, in milliseconds; what is built or installed aside. */
function latest(folder: string): number {
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => name !== 'node_modules' && name !== 'dist' && !name.includes('.test.'))
    .reduce((most, entry) => {
      const path = join(folder, entry.name)
      return Math.max(most, entry.isDirectory() ? latest(path) : statSync(path).mtimeMs)
    }, 0)
}

export function portalIsBuilt(): boolean {
  const page = join(portalFolder, 'index.html')
  if (!existsSync(page)) return false
  return statSync(page).mtimeMs >= Math.max(latest(join(root, 'portal')), latest(join(root, 'shared')))
}

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
