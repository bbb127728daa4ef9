import { limits } from '@sirocco/shared/model/limits.ts'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Credit } from './credit.ts'

describe('the credit of a stream', () => {
  test('lets exactly the window be outstanding', () => {
    const credit = new Credit()
    expect(credit.sent(limits.streamCredit).ok).toBe(true)
    expect(credit.sent(1)).toMatchObject({ fault: { code: 'throttled' } })
    expect(credit.acknowledged(1).ok).toBe(true)
    expect(credit.sent(1).ok).toBe(true)
  })
  test('refuses acknowledgement of what was never sent', () => {
    const credit = new Credit(10)
    expect(credit.acknowledged(11)).toMatchObject({ fault: { code: 'invalid' } })
    expect(credit.outstanding).toBe(10)
  })
  test('is never negative, nor above the window, whatever is tried', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 2 * limits.streamCredit }))), moves => {
        const credit = new Credit()
        for (const [send, bytes] of moves) {
          if (send) credit.sent(bytes)
          else credit.acknowledged(bytes)
          expect(credit.outstanding).toBeGreaterThanOrEqual(0)
          expect(credit.outstanding).toBeLessThanOrEqual(limits.streamCredit)
        }
      }),
    )
  })
})
