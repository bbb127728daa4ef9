import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import config from '../vitest.config.ts'
import { root } from './bundle.ts'
import { lanesOf, tallyOf, verdict } from './test.ts'

const report = (passed: number, failed: number, skipped: number, files: object[] = []) =>
  JSON.stringify({
    numPassedTests: passed,
    numFailedTests: failed,
    numPendingTests: skipped,
    numTodoTests: 0,
    testResults: files,
  })

describe('the tally of a test run', () => {
  it.each([
    ['what the report says', report(3, 0, 1), 0, { passed: 3, failed: 0, skipped: 1, failures: [] }],
    [
      'a failure where there is no report',
      undefined,
      0,
      { passed: 0, failed: 1, skipped: 0, failures: ['vitest ended without a report'] },
    ],
    [
      'a failure where the report is torn',
      '{',
      1,
      { passed: 0, failed: 1, skipped: 0, failures: ['vitest ended without a report'] },
    ],
    [
      'a failure where vitest failed and no test did',
      report(3, 0, 0),
      1,
      { passed: 3, failed: 1, skipped: 0, failures: ['vitest failed with exit code 1, and no test did'] },
    ],
    [
      'a failure for a file that could not be loaded',
      report(3, 0, 0, [
        { name: join(root, 'a.test.ts'), status: 'failed', message: 'no such import\nat …', assertionResults: [] },
      ]),
      1,
      { passed: 3, failed: 1, skipped: 0, failures: ['a.test.ts: no such import'] },
    ],
    [
      'no more than the failures of the tests',
      report(3, 1, 0, [
        {
          name: join(root, 'a.test.ts'),
          status: 'failed',
          message: '',
          assertionResults: [{ status: 'failed', fullName: 'a sum is right', failureMessages: ['1 is not 2\nat …'] }],
        },
      ]),
      1,
      { passed: 3, failed: 1, skipped: 0, failures: ['a.test.ts: a sum is right: 1 is not 2'] },
    ],
  ])('is %s', (_, text, code, expected) => {
    expect(tallyOf(text, code)).toEqual(expected)
  })

  it('ends in one line, and fails when anything failed or nothing ran', () => {
    expect(verdict({ passed: 2, failed: 0, skipped: 0 })).toEqual({ line: '2 passed, 0 failed', code: 0 })
    expect(verdict({ passed: 2, failed: 1, skipped: 3 })).toEqual({ line: '2 passed, 1 failed, 3 skipped', code: 1 })
    expect(verdict({ passed: 0, failed: 0, skipped: 3 }).code).toBe(1)
  })
})

describe('the lanes of a test run', () => {
  it('hold every project once', () => {
    const names = (config.test?.projects ?? []).map(project => (project as { test: { name: string } }).test.name)
    const { own, either } = lanesOf(undefined, 2)
    expect([...own.flat(), ...either].sort()).toEqual(names.sort())
    expect(own).toHaveLength(2)
  })

  it('are one where there is one core, or one project is chosen', () => {
    const { own, either } = lanesOf(undefined, 2)
    expect(lanesOf(undefined, 1)).toEqual({ own: [[...own.flat(), ...either]], either: [] })
    expect(lanesOf('e2e', 2)).toEqual({ own: [['e2e']], either: [] })
    expect(lanesOf('sites', 2)).toEqual({ own: [['sites']], either: [] })
  })
})
