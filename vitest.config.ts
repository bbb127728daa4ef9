import { defineConfig } from 'vitest/config'

/** Whole instances of simulated hosts: they share nothing but cores with what boots machines. */
const simulated = ['test/e2e/{restore,start}.test.ts', 'test/e2e/portal/**/*.test.ts']
const kills = ['test/e2e/kills.test.ts']

/** Several hosts, each in namespaces of its own with its own libvirtd: they share nothing with the one of the machine. */
const sites = ['test/e2e/{hosts,storm,survival}.test.ts']
const moves = ['test/e2e/{ceph,move-volumes}.test.ts']

/** Files share the modules that they load, which is a quarter of the time; so none of them may leave a module changed behind. */
const shared = { isolate: false }

/** Each uses all cores as it is, and takes its time. */
const whole = { fileParallelism: false, testTimeout: 300_000, hookTimeout: 300_000 }

/** `npm test` runs them in two lanes (local/test.ts). */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          ...shared,
          include: [
            '{shared,control,agent,portal,local,cli}/**/*.test.{ts,tsx}',
            'test/*.test.ts',
            'test/{support,bench}/**/*.test.ts',
          ],
          exclude: ['**/node_modules/**', '**/dist/**'],
          // Generous, for a machine that runs everything else beside; a test that needs it is too slow.
          testTimeout: 20_000,
          hookTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'contract',
          ...shared,
          include: ['test/contract/**/*.test.ts', 'test/conformance/**/*.test.ts'],
          exclude: ['test/contract/libvirt/**'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'simulation',
          ...shared,
          include: ['test/simulation/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 60_000,
        },
      },
      { test: { name: 'e2e-simulated', include: simulated, ...whole } },
      { test: { name: 'kills', include: kills, ...whole } },
      { test: { name: 'sites', include: sites, ...whole } },
      { test: { name: 'moves', include: moves, ...whole } },
      { test: { name: 'libvirt', include: ['test/contract/libvirt/**/*.test.ts'], testTimeout: 60_000, hookTimeout: 60_000 } },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          exclude: [...simulated, ...kills, ...sites, ...moves],
          // Instances share the machine's bridges and libvirtd: one file at a time.
          ...whole,
        },
      },
    ],
  },
})
