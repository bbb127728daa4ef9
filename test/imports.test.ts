import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { expect, test } from 'vitest'

/**
 * Who may import whom. Each row: files under `from` may import files under `may`, and the packages under `libraries`. The first
 * row that fits a file counts; a file under no row fails.
 */
const node = /^node:/
const rules: readonly {
  readonly from: string
  readonly may: readonly string[]
  readonly libraries?: readonly (string | RegExp)[]
}[] = [
  { from: 'shared/kit', may: ['shared/kit'] },
  { from: 'shared/model', may: ['shared/kit', 'shared/model'] },
  { from: 'shared/wire', may: ['shared/kit', 'shared/model', 'shared/wire'], libraries: ['zod'] },
  { from: 'shared/api', may: ['shared'], libraries: ['zod'] },
  { from: 'control/domain', may: ['control/domain', 'shared/kit', 'shared/model', 'shared/wire'] },
  { from: 'control/ports', may: ['control/ports', 'control/domain', 'shared'] },
  {
    from: 'control/services',
    may: ['control/services', 'control/domain', 'control/ports', 'shared'],
    libraries: ['zod', 'node:crypto', 'otpauth', '@simplewebauthn/server', 'oauth4webapi'],
  },
  { from: 'control/operations', may: ['control/operations', 'control/services', 'control/domain', 'control/ports', 'shared'] },
  { from: 'control/reconcile', may: ['control/reconcile', 'control/services', 'control/domain', 'control/ports', 'shared'] },
  {
    from: 'control/adapters/store',
    may: ['control/adapters/store', 'control/ports', 'control/domain', 'shared'],
    libraries: ['@libsql/client/web', /^drizzle-orm/, 'zod', node],
  },
  ...['clouds/private', 'clouds/simulated', 'blobs', 'meters', 'secrets'].map(adapter => ({
    from: `control/adapters/${adapter}`,
    may: [`control/adapters/${adapter}`, 'control/ports', 'control/domain', 'shared'],
    libraries: ['zod', node],
  })),
  ...['native', 'ec2'].map(dialect => ({
    from: `control/dialects/${dialect}`,
    may: [`control/dialects/${dialect}`, 'control/services', 'control/domain', 'control/ports', 'shared'],
    libraries: ['hono', /^hono\//, 'zod', 'node:crypto'],
  })),
  {
    from: 'control/http',
    may: [
      'control/http',
      'control/compose.ts',
      'control/env.ts',
      'control/services',
      'control/domain',
      'control/ports',
      'control/objects',
      'control/dialects',
      'shared',
    ],
    libraries: ['hono', /^hono\//, 'zod'],
  },
  {
    from: 'control/objects',
    may: [
      'control/objects',
      'control/compose.ts',
      'control/env.ts',
      'control/services',
      'control/domain',
      'control/ports',
      'control/operations',
      'control/http',
      'shared',
    ],
    libraries: ['cloudflare:workers', 'zod'],
  },
  {
    from: 'control',
    may: ['control', 'shared'],
    libraries: ['cloudflare:workers', /^hono/, '@libsql/client/web', 'drizzle-kit', node],
  },
  { from: 'agent/ports', may: ['agent/ports', 'shared'] },
  ...['libvirt', 'simulated'].map(driver => ({
    from: `agent/drivers/${driver}`,
    may: [`agent/drivers/${driver}`, 'agent/ports', 'agent/disk', 'shared'],
    libraries: [node, 'zod'],
  })),
  { from: 'agent', may: ['agent', 'shared'], libraries: [node, 'ws', 'zod', 'esbuild'] },
  { from: 'portal', may: ['portal', 'shared'], libraries: [/./] },
  { from: 'cli', may: ['cli', 'shared'], libraries: [node, 'zod'] },
  { from: 'local', may: ['local', 'control', 'agent', 'shared', 'portal'], libraries: [/./] },
  { from: 'test', may: [''], libraries: [/./] },
]

const root = resolve(import.meta.dirname, '..')
const skipped = new Set(['node_modules', 'dist', 'migrations', 'test-results'])
const sources = (folder: string): string[] =>
  readdirSync(join(root, folder), { withFileTypes: true }).flatMap(entry => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return skipped.has(entry.name) ? [] : sources(path)
    return /\.tsx?$/.test(entry.name) ? [path] : []
  })

const within = (path: string, folder: string) => folder === '' || path === folder || path.startsWith(`${folder}/`)
const isTest = (path: string) => /\.(test|spec)\.tsx?$/.test(path)

function breaches(file: string): string[] {
  const rule = rules.find(r => within(file, r.from))
  if (!rule) return [`${file} is in no room`]
  const text = readFileSync(join(root, file), 'utf8')
  const specifiers = [
    ...text.matchAll(
      /^(?:import|export)\s[^'"]*?from\s+['"]([^'"]+)['"]|^import\s+['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/gm,
    ),
  ]
  return specifiers.flatMap(([, a, b, c]) => {
    const specifier = a ?? b ?? c ?? ''
    const room = specifier.startsWith('@sirocco/')
      ? specifier.slice('@sirocco/'.length)
      : specifier.startsWith('.')
        ? relative(root, join(root, dirname(file), specifier))
        : null
    if (room !== null) return rule.may.some(folder => within(room, folder)) ? [] : [`${file} may not import ${room}`]
    const allowed = (rule.libraries ?? []).some(library =>
      typeof library === 'string' ? library === specifier : library.test(specifier),
    )
    return allowed ? [] : [`${file} may not import ${specifier}`]
  })
}

test('every file imports only what its room may', () => {
  const files = ['shared', 'control', 'agent', 'portal', 'local', 'cli', 'test'].flatMap(sources).filter(file => !isTest(file))
  expect(files.length).toBeGreaterThan(100)
  expect(files.flatMap(breaches)).toEqual([])
})

test('kit and domain compile without DOM, Node or Workers: no wall clock, no chance, no network', () => {
  const files = [...sources('shared/kit'), ...sources('shared/model'), ...sources('control/domain')].filter(file => !isTest(file))
  const stray = /\b(Date\.now|new Date\(|Math\.random|fetch\(|process\.|setTimeout|crypto\.)/
  expect(files.filter(file => stray.test(readFileSync(join(root, file), 'utf8')))).toEqual([])
})
