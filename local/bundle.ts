import { join, resolve } from 'node:path'
import { bundleAgent } from '@sirocco/agent/bundle.mjs'
import { type BuildOptions, build } from 'esbuild'
import { built } from './built.ts'

export const root = resolve(import.meta.dirname, '..')

const common = { bundle: true, format: 'esm', logLevel: 'silent' } as const satisfies BuildOptions

/** The Worker as one module, as it is deployed. `cloudflare:` and `node:` are the runtime's own. */
export async function bundleWorker(outfile: string, { minify = false } = {}): Promise<void> {
  await build({
    ...common,
    entryPoints: [join(root, 'control/worker.ts')],
    outfile,
    target: 'es2024',
    platform: 'neutral',
    conditions: ['workerd', 'worker', 'browser'],
    mainFields: ['browser', 'module', 'main'],
    external: ['cloudflare:*', 'node:*'],
    minify,
  })
}

/** Of `control-plane.ts`: its hundreds of modules would take a second to be found one by one, at each start. */
async function bundleControlPlane(outfile: string): Promise<void> {
  await build({
    ...common,
    entryPoints: [join(root, 'local/control-plane.ts')],
    outfile,
    target: 'node24',
    platform: 'node',
    // ws, a dependency of the database's client, wants a require.
    banner: { js: "import { createRequire as requireFor } from 'node:module'\nconst require = requireFor(import.meta.url)" },
    // The migrations stay where they are.
    define: { 'import.meta.dirname': JSON.stringify(join(root, 'control/adapters/store')) },
  })
}

const made = (name: string, rooms: readonly string[], make: (outfile: string) => Promise<void>): Promise<string> =>
  built(
    join(root, 'dist', name),
    [...rooms, 'package-lock.json'].map(path => join(root, path)),
    make,
  )

export interface Bundles {
  readonly worker: string
  readonly agent: string
  readonly controlPlane: string
}

/** What runs, made of the clone's sources where these have changed. */
export async function bundles(): Promise<Bundles> {
  const [worker, agent, controlPlane] = await Promise.all([
    made('worker.mjs', ['control', 'shared', 'local/bundle.ts'], bundleWorker),
    made('sirocco-agent.mjs', ['agent', 'shared'], bundleAgent),
    made('control-plane.mjs', ['control', 'shared', 'local'], bundleControlPlane),
  ])
  return { worker, agent, controlPlane }
}
