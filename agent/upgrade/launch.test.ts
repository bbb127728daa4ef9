import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../test/support/temporary-folder.ts'
import { type Choice, tried } from './choice.ts'
import { hashOf, keepBundle, readChoice, writeChoice } from './folder.ts'

const launcher = fileURLToPath(new URL('./launch.ts', import.meta.url))

/** An installed bundle that hands over as the agent's does, and says so where it runs itself. */
function installedIn(dir: string, ms: number): { script: string; data: string; hash: string } {
  const data = join(dir, 'agent')
  mkdirSync(data)
  const script = join(dir, 'installed.mjs')
  writeFileSync(
    script,
    `import { launch } from ${JSON.stringify(launcher)}
     if (!(await launch(import.meta.url, ${JSON.stringify(data)}, ${ms}))) { console.log('installed'); process.exit(0) }`,
  )
  return { script, data, hash: hashOf(script) ?? '' }
}

/** Chosen, and not live yet. */
function chosen(data: string, installed: string, code: string): string {
  const content = Buffer.from(code)
  const bundle = createHash('sha256').update(content).digest('hex')
  keepBundle(data, bundle, content, [])
  writeChoice(data, tried(null, installed, bundle))
  return bundle
}

const run = (script: string) => spawnSync(process.execPath, [script], { encoding: 'utf8', timeout: 30_000 })

test('the chosen bundle runs in the process of the installed one', () => {
  const { script, data, hash } = installedIn(temporaryFolder(), 60_000)
  chosen(data, hash, 'console.log("chosen", process.argv[1]); process.exit(0)')
  expect(run(script).stdout).toBe(`chosen ${script}\n`)
  expect(readChoice(data)).toMatchObject({ starts: 1 })
})

test('one that cannot be loaded gives way at once, and it is known why', () => {
  const { script, data, hash } = installedIn(temporaryFolder(), 60_000)
  const bundle = chosen(data, hash, 'throw new Error("no such thing")')
  const { stdout, status } = run(script)
  expect([stdout, status]).toEqual(['installed\n', 0])
  expect(readChoice(data)?.failed).toEqual({ bundle, why: 'it cannot be loaded: no such thing' })
})

test('one that only ends gives way at the fourth start', () => {
  const { script, data, hash } = installedIn(temporaryFolder(), 60_000)
  chosen(data, hash, 'process.exit(7)')
  expect([1, 2, 3, 4].map(() => run(script).status)).toEqual([7, 7, 7, 0])
})

test.each([
  ['never lets go of its thread', 'for (;;) {}'],
  ['is never live', 'setInterval(() => {}, 1_000)'],
])('one that %s is ended, and gives way', (_, code) => {
  const { script, data, hash } = installedIn(temporaryFolder(), 300)
  const bundle = chosen(data, hash, code)
  expect(run(script).signal).toBe('SIGKILL')
  expect(readChoice(data)?.failed).toMatchObject({ bundle, why: expect.stringContaining('not live') })
  expect(run(script).stdout).toBe('installed\n')
})

test('one that was live is left alone', () => {
  const { script, data, hash } = installedIn(temporaryFolder(), 200)
  const path = JSON.stringify(join(data, 'bundle.json'))
  const settle = `const fs = require('node:fs'); const c = JSON.parse(fs.readFileSync(${path}, 'utf8')); fs.writeFileSync(${path}, JSON.stringify({ ...c, starts: null }) + '\\n');`
  const require = `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);`
  const bundle = chosen(data, hash, `${require}${settle} setTimeout(() => process.exit(0), 600)`)
  expect(run(script).status).toBe(0)
  const after: Choice | null = readChoice(data)
  expect(after).toMatchObject({ chosen: bundle, starts: null, failed: null })
})

test('a bundle whose file was changed is not run', () => {
  const { script, data, hash } = installedIn(temporaryFolder(), 60_000)
  const bundle = chosen(data, hash, 'process.exit(7)')
  writeFileSync(join(data, 'bundles', `${bundle}.mjs`), 'process.exit(8)')
  expect(run(script).stdout).toBe('installed\n')
  expect(JSON.parse(readFileSync(join(data, 'bundle.json'), 'utf8'))).toMatchObject({ failed: { bundle } })
})
