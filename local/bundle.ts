import { join, resolve } from 'node:path'
import { build } from 'esbuild'

export const root = resolve(import.meta.dirname, '..')

/** The Worker as one module, as it is deployed. `cloudflare:` and `node:` are the runtime's own. */
export async function bundleWorker(outfile: string, { minify = false } = {}): Promise<void> {
  await build({
    entryPoints: [join(root, 'control/worker.ts')],
    outfile,
    bundle: true,
    format: 'esm',
    target: 'es2024',
    platform: 'neutral',
    conditions: ['workerd', 'worker', 'browser'],
    mainFields: ['browser', 'module', 'main'],
    external: ['cloudflare:*', 'node:*'],
    minify,
    sourcemap: minify ? false : 'inline',
    logLevel: 'silent',
  })
}
