import { exportUsage } from '@sirocco/control/dialects/native/usage-csv.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { expect, test } from 'vitest'
import { world } from '../../support/world.ts'

test('usage is exported whole, a page behind the other, and nothing of it is a formula', async () => {
  const { ports, principal, rows } = await world({ hosts: 1 })
  const count = limits.pageMax + 5
  const hour = Math.floor(rows.clock.at / 3_600_000) * 3_600_000
  const kept = await ports.store.commit([
    {
      ...{ do: 'usage.keep', host: rows.hosts[0] ?? 'hst_', series: 's', n: 1, oldest: 1 },
      rows: Array.from({ length: count }, (_, i) => ({
        ...{ project: principal.project, hour, kind: 'machine' as const, amount: 60 },
        what: i === 0 ? '=1+1, "x"' : 't3.micro',
        resource: `vm_${String(i).padStart(5, '0')}`,
      })),
    },
  ])
  expect(kept.ok).toBe(true)
  const exported = await exportUsage({ ports, principal }, {})
  if (!exported.ok) throw new Error(exported.fault.message)
  expect(exported.value.headers.get('content-type')).toContain('text/csv')
  const lines = (await exported.value.text()).split('\r\n')
  expect(lines[0]).toBe('project,from,to,resource,kind,what,amount,unit,cost_millionths,currency')
  expect(lines[1]).toContain(`vm_00000,machine,"'=1+1, ""x""",60,second,0,EUR`)
  expect(new Set(lines.slice(1, -1)).size).toBe(count)
  const stranger = { ports, principal: { ...principal, role: 'owner' as const } }
  expect(await exportUsage(stranger, { project: 'prj_other' })).toMatchObject({ fault: { code: 'not_found' } })
})
