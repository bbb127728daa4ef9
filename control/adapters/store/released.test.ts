import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

/** Migrations that somebody's data may have gone through, by SHA-256. What changed since belongs into one behind them. */
const released = {
  '0000_first': '3a95c26e7c82b2fc9f3ee0dd2e04d25b7bcc03646f7f29f0a329ab3b6a60a78c',
  '0001_cloud': 'e099c4a06197724ad71bebd01ea2253563ffa7021482fdfca842b953728c2528',
}

test.each(Object.entries(released))('the migration %s is as it was released', (tag, digest) => {
  const text = readFileSync(join(import.meta.dirname, 'migrations', `${tag}.sql`), 'utf8')
  expect(createHash('sha256').update(text).digest('hex')).toBe(digest)
})
