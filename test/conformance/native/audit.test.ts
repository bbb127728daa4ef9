import { checkAudit } from '@sirocco/cli/check-audit/check.ts'
import { exportAudit } from '@sirocco/control/dialects/native/audit.ts'
import { reconcile } from '@sirocco/control/reconcile/index.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { expect, test } from 'vitest'
import { world } from '../../support/world.ts'

async function audited() {
  const { ports, principal, database } = await world()
  const call = { ports, principal }
  const act = (count: number) =>
    ports.store.commit(
      Array.from({ length: count }, (_, i) => ({
        do: 'audit',
        project: principal.project,
        actor: principal.user,
        verb: 'machines.launch',
        subjects: [`vm_${i}`],
      })),
    )
  const rows = async (after?: string) => {
    const exported = await exportAudit(call, after)
    return exported.ok ? (await exported.value.text()).split('\n').slice(0, -1) : exported.fault
  }
  const checked = async (text: Awaited<ReturnType<typeof rows>>) => {
    if (!Array.isArray(text)) throw new Error(text.message)
    return checkAudit(
      (async function* () {
        yield* text
      })(),
    )
  }
  return { ports, call, act, rows, checked, database }
}

test('what was done is sealed in pages, exported whole and found as it was sealed', async () => {
  const { ports, act, rows, checked } = await audited()
  await act(limits.reconcilePage + 5)
  await reconcile(ports)
  await reconcile(ports)
  await act(3)
  const lines = limits.reconcilePage + 8
  expect(await checked(await rows())).toMatchObject({ ok: true, value: { lines, unsealed: 3 } })
  const first = await ports.store.audit.seals(0, 10)
  expect(first.ok && first.value.map(({ seal }) => seal)).toEqual([limits.reconcilePage, limits.reconcilePage + 5])
  const later = await rows(String(limits.reconcilePage))
  expect(await checked(later)).toMatchObject({ ok: true, value: { lines: 8 } })
  expect(await rows('7')).toMatchObject({ code: 'invalid' })
})

test('a row that is changed or deleted in the database is found', async () => {
  for (const sql of ["UPDATE audit SET actor = 'usr_other' WHERE seq = 2", 'DELETE FROM audit WHERE seq = 3']) {
    const { ports, act, rows, checked, database } = await audited()
    await act(5)
    await reconcile(ports)
    await database.execute(sql)
    expect(await checked(await rows())).toMatchObject({
      ok: false,
      fault: { message: expect.stringMatching(/before this seal/) },
    })
  }
})

test('two that seal at once make one chain', async () => {
  const { ports, act, rows, checked } = await audited()
  await act(5)
  await Promise.all([reconcile(ports), reconcile(ports)])
  await act(1)
  await Promise.all([reconcile(ports), reconcile(ports)])
  expect(await checked(await rows())).toMatchObject({ ok: true, value: { lines: 6, unsealed: 0 } })
})

test('it is for admins alone', async () => {
  const { call, act } = await audited()
  await act(1)
  for (const role of ['viewer', 'operator', 'owner'] as const)
    expect(await exportAudit({ ...call, principal: { ...call.principal, role } }, undefined)).toMatchObject({
      fault: { code: 'forbidden' },
    })
})
