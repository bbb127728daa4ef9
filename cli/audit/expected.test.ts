import type { HostProjection } from '@sirocco/shared/api/hosts.ts'
import { expect, test } from 'vitest'
import { expectedOf } from './expected.ts'

const volume = {
  kind: 'volume',
  id: 'vol_a',
  generation: 1,
  pool: { type: 'directory', id: 'spl_a' },
  sizeMiB: 4,
  source: { from: 'nothing' },
  attached: null,
  gone: false,
} as const satisfies HostProjection['objects'][number]

test('a volume that could not be made need not be there; any other must', () => {
  const wanted = (unmade: readonly string[]) =>
    expectedOf({
      projection: { host: 'hst_1', revision: 1, objects: [volume] },
      told: new Map(),
      unmade: new Set(unmade),
      storage: '/var/lib/sirocco/one',
    }).find(({ kind, id }) => kind === 'volume' && id === volume.id)?.optional
  expect(wanted([])).toBeUndefined()
  expect(wanted([volume.id])).toBe(true)
})
