import { expect, test } from 'vitest'
import { schemaVersion } from './migrate.ts'
import { versionOfData } from './version.ts'

test('the Worker wants the data as the last migration leaves it', () => {
  expect(versionOfData).toBe(schemaVersion)
})
