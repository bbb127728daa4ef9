import { seeded } from '@sirocco/shared/kit/random.ts'
import { Secret } from '@sirocco/shared/kit/secret.ts'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { aesGcm } from './aes-gcm.ts'

const key = (byte: number) => btoa(String.fromCharCode(byte).repeat(32))
const secrets = (keys: string, seed = 1) => aesGcm(new Secret(keys), seeded(seed))

describe('a sealed secret', () => {
  test('opens where it belongs, whatever it says', async () => {
    const s = secrets(key(1))
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme' }), async text => {
        const opened = await s.open(await s.seal(new Secret(text), 'a|b|c'), 'a|b|c')
        expect(opened.ok && opened.value.reveal()).toBe(text)
      }),
      { numRuns: 30 },
    )
  })
  test('does not open elsewhere', async () => {
    const s = secrets(key(1))
    expect(await s.open(await s.seal(new Secret('x'), 'machine|1|user_data'), 'machine|2|user_data')).toMatchObject({
      ok: false,
      fault: { code: 'internal' },
    })
  })
  test('does not open once any part of it is changed', async () => {
    const s = secrets(key(1))
    const sealed = await s.seal(new Secret('hello there'), 'p')
    for (let i = 0; i < sealed.length; i++) {
      const changed = sealed.slice(0, i) + (sealed[i] === 'A' ? 'B' : 'A') + sealed.slice(i + 1)
      const opened = await s.open(changed, 'p').catch(() => ({ ok: false }))
      // The unused low bits of base64's last character carry nothing.
      if (opened.ok) expect(i).toBeGreaterThan(sealed.length - 4)
    }
  })
  test('shows nothing of itself, and never looks the same twice', async () => {
    const s = secrets(key(1))
    const [one, two] = [await s.seal(new Secret('hello'), 'p'), await s.seal(new Secret('hello'), 'p')]
    expect(one).not.toBe(two)
    expect(one).not.toContain('hello')
  })
  test('opens after a new key came first, as long as its own is kept', async () => {
    const sealed = await secrets(key(1)).seal(new Secret('x'), 'p')
    expect((await secrets(`${key(2)},${key(1)}`).open(sealed, 'p')).ok).toBe(true)
    expect((await secrets(key(2)).open(sealed, 'p')).ok).toBe(false)
  })
})
