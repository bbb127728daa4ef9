import { describe, expect, test } from 'vitest'
import { secured, securityHeaders } from './headers.ts'

describe('what browsers are told', () => {
  test('content comes from here alone, and sockets to here alone', () => {
    const policy = securityHeaders('http://127.0.0.1:8787')['content-security-policy']
    expect(policy).toContain("default-src 'self'")
    expect(policy).toContain("connect-src 'self' ws://127.0.0.1:8787")
    expect(policy).not.toMatch(/unsafe|\*/)
    expect(securityHeaders('https://cloud.example')['content-security-policy']).toContain('wss://cloud.example')
  })
  test('TLS is insisted on only where the whole host is ours', () => {
    expect(securityHeaders('https://cloud.example')).toHaveProperty('strict-transport-security')
    expect(securityHeaders('https://cloud.example:8787')).not.toHaveProperty('strict-transport-security')
    expect(securityHeaders('http://127.0.0.1:8787')).not.toHaveProperty('strict-transport-security')
  })
  test('keeps what the answer itself says', async () => {
    const answer = secured(new Response('x', { status: 404, headers: { 'cache-control': 'no-store' } }), 'https://cloud.example')
    expect([
      answer.status,
      answer.headers.get('cache-control'),
      answer.headers.get('x-content-type-options'),
      await answer.text(),
    ]).toEqual([404, 'no-store', 'nosniff', 'x'])
  })
})
