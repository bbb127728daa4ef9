import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')
const lines = readFileSync(join(root, 'docs/threat-model.md'), 'utf8').split('\n')
const claims = lines.filter(line => line.startsWith('- '))

test('every claim of the threat model names the test that shows it', () => {
  expect(claims.length).toBeGreaterThan(30)
  const unheld = claims.filter(claim => {
    const [, file, name] = /: `([^`]+)` › (.+)$/.exec(claim) ?? []
    return !file || !name || !existsSync(join(root, file)) || !readFileSync(join(root, file), 'utf8').includes(name)
  })
  expect(unheld).toEqual([])
})
