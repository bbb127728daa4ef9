import { day } from '@sirocco/shared/kit/clock.ts'
import { expect, test } from 'vitest'
import { must } from '../../../test/contract/store/furnish.ts'
import { world } from '../../../test/support/world.ts'
import { makeAccessKey } from './make.ts'

test('a key that ends makes none that outlives it; one that does not, and who signed in, may', async () => {
  const at = await world({ hosts: 1 })
  const by = (expiresAt: number | null) => ({
    ports: at.ports,
    principal: { ...at.principal, via: { kind: 'key', accessKeyId: 'AKIAX', expiresAt } as const },
  })
  const ending = by(at.ports.clock.now() + 3 * day)
  const refused = { ok: false, fault: { code: 'precondition', field: 'days' } }
  expect(await makeAccessKey.call(ending, {})).toMatchObject(refused)
  expect(await makeAccessKey.call(ending, { days: 4 })).toMatchObject(refused)
  expect(must(await makeAccessKey.call(ending, { days: 2 })).expiresAt).toBe(at.ports.clock.now() + 2 * day)
  expect(must(await makeAccessKey.call(by(null), {})).expiresAt).toBeNull()
})
