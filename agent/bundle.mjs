import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/**
 * The agent as one file that runs under Node 20 and later, with nothing beside it.
 * @param {string} outfile
 */
export async function bundleAgent(outfile) {
  await build({
    entryPoints: [fileURLToPath(new URL('./main.ts', import.meta.url))],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    // Drivers that a host does not use stay unevaluated; ws wants a require.
    banner: {
      js: "#!/usr/bin/env node\nimport { createRequire as requireFor } from 'node:module'\nconst require = requireFor(import.meta.url)",
    },
    external: ['bufferutil', 'utf-8-validate'],
    legalComments: 'inline',
    logLevel: 'warning',
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await bundleAgent(process.argv[2] ?? 'dist/sirocco-agent.mjs')
