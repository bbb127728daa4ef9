import { X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeCertificate } from '@sirocco/local/tls/certificate.ts'
import { hour } from '@sirocco/shared/kit/clock.ts'
import { seeded } from '@sirocco/shared/kit/random.ts'
import { afterAll, expect, test } from 'vitest'
import { examineCertificate } from './certificate.ts'

const day = 24 * hour
const data = mkdtempSync(join(tmpdir(), 'doctor-'))
afterAll(() => rmSync(data, { recursive: true, force: true }))

test('a certificate is good, then odd a month before its end, then bad', async () => {
  expect(await examineCertificate(data, null, 0)).toEqual([])
  const { certificate } = makeCertificate(['localhost'], { random: seeded(1), now: Date.UTC(2026, 0, 1) })
  writeFileSync(join(data, 'tls.crt'), certificate)
  const end = Date.parse(new X509Certificate(certificate).validTo)
  const at = async (now: number) => (await examineCertificate(data, 'http://127.0.0.1:1', now)).map(({ verdict }) => verdict)
  expect(await at(end - 31 * day)).toEqual(['good'])
  expect(await at(end - 29 * day)).toEqual(['odd'])
  expect(await at(end + 1)).toEqual(['bad'])
})
