import { createHash } from 'node:crypto'
import { type AuditLine, linkOf, noHash } from '@sirocco/shared/api/audit.ts'
import { expect, test } from 'vitest'
import { checkAudit } from './check.ts'

/** Six lines, sealed in pages of two but for the last. */
function exported(): string[] {
  const rows: string[] = []
  let hash = noHash
  for (let seq = 1; seq <= 5; seq++) {
    const line: AuditLine = {
      seq,
      at: 1_000 * seq,
      project: 'prj_1',
      actor: 'usr_1',
      verb: 'machines.launch',
      subjects: [`vm_${seq}`],
    }
    hash = createHash('sha256').update(linkOf(hash, line)).digest('hex')
    rows.push(JSON.stringify(line))
    if (seq % 2 === 0) rows.push(JSON.stringify({ seal: seq, hash }))
  }
  return rows
}
const check = (rows: readonly string[]) =>
  checkAudit(
    (async function* () {
      yield* rows
    })(),
  )

test('an export is as it was sealed, also from a later seal on', async () => {
  expect(await check(exported())).toMatchObject({ ok: true, value: { lines: 5, unsealed: 1, last: { seal: 4 } } })
  expect(await check(exported().slice(2))).toMatchObject({ ok: true, value: { lines: 3 } })
  expect(await check([])).toMatchObject({ ok: true, value: { lines: 0, last: null } })
})

test.each<[string, (rows: string[]) => string[], RegExp]>([
  ['changed', rows => rows.with(1, rows[1]?.replace('usr_1', 'usr_2') ?? ''), /^line 3: among the 2 lines before this seal/],
  ['left out', rows => rows.toSpliced(3, 1), /^line 5: /],
  ['reordered', rows => rows.with(0, rows[1] ?? '').with(1, rows[0] ?? ''), /^line 2 is out of its order/],
  ['put in', rows => rows.toSpliced(4, 0, rows[4]?.replace('"seq":4', '"seq":3.5') ?? ''), /^line 5 is no line/],
  ['a seal left out with its lines', rows => rows.toSpliced(0, 3), /among the 2 lines/],
  ['no JSON', rows => rows.with(0, '{'), /^line 1 is no line/],
])('a line that was %s is found', async (_, change, says) => {
  const checked = await check(change(exported()))
  expect(checked.ok ? '' : checked.fault.message).toMatch(says)
})
