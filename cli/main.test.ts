import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'

const empty = mkdtempSync(join(tmpdir(), 'cli-'))
afterAll(() => rmSync(empty, { recursive: true, force: true }))

function sirocco(...args: string[]) {
  const { SIROCCO_TOKEN: _, ...env } = process.env
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(import.meta.dirname, 'main.ts'), ...args], {
    encoding: 'utf8',
    env,
  })
  return { status, stdout, stderr }
}

test.each([
  [['audit-host', '--data', empty], `sirocco: no instance runs in ${empty}: start it, or give --data, or --url and --token\n`],
  [
    ['audit-host', '--url', 'http://127.0.0.1:9'],
    'sirocco: --url needs --token, --token-file or SIROCCO_TOKEN in the environment\n',
  ],
  [['audit-host', '--url', 'ftp://x', '--token', 'a.b'], 'sirocco: ftp://x is no http or https address\n'],
  [['audit-host', '--wait', 'long'], 'sirocco: --wait takes seconds, up to 3600\n'],
])('%j says in one sentence why it cannot look, and ends with 2', (args, sentence) => {
  expect(sirocco(...args)).toEqual({ status: 2, stdout: '', stderr: sentence })
})

test('an unknown command is answered with what there is', () => {
  const { status, stderr } = sirocco('audit')
  expect(status).toBe(2)
  expect(stderr).toContain('audit-host')
})

test('doctor says that no instance runs, as JSON for programs', () => {
  const findings: unknown = JSON.parse(sirocco('doctor', '--json', '--data', empty).stdout)
  expect(findings).toContainEqual(expect.objectContaining({ verdict: 'odd', about: 'control plane' }))
})
