import { describe, expect, test } from 'vitest'
import { cookieName, cookieOf, setCookie } from './cookie.ts'
import { isCrossSite } from './cross-site.ts'

const home = 'https://cloud.example'
const request = (headers: Record<string, string>) => new Request(`${home}/api/v1/machines`, { method: 'POST', headers })

describe('a request of another site', () => {
  test.each([
    [{ 'sec-fetch-site': 'cross-site' }, true],
    [{ 'sec-fetch-site': 'same-site' }, true],
    [{ 'sec-fetch-site': 'same-origin', origin: home }, false],
    [{ 'sec-fetch-site': 'none' }, false],
    [{ origin: 'https://evil.example' }, true],
    [{ origin: 'https://cloud.example.evil.example' }, true],
    [{ origin: 'http://cloud.example' }, true],
    [{ origin: 'null' }, true],
    [{ origin: home }, false],
    [{}, false],
  ])('is told by what the browser says: %j', (headers, expected) => {
    expect(isCrossSite(request(headers as Record<string, string>), home)).toBe(expected)
  })
})

describe('the session cookie', () => {
  test('is bound to the host over TLS, and to the port where there is one', () => {
    expect(cookieName(home)).toBe('__Host-sirocco_session')
    expect(cookieName('http://127.0.0.1:8787')).toBe('sirocco_session_8787')
  })
  test('is seen by no script and sent to no other site', () => {
    expect(setCookie(home, 'abc')).toBe('__Host-sirocco_session=abc; Path=/; HttpOnly; SameSite=Strict; Max-Age=43200; Secure')
    expect(setCookie('http://127.0.0.1:8787', 'abc')).not.toContain('Secure')
  })
  test('is found among others, by its whole name', () => {
    expect(cookieOf(request({ cookie: 'a=b; x__Host-sirocco_session=no; __Host-sirocco_session=t=1' }), home)).toBe('t=1')
    expect(cookieOf(request({ cookie: 'sirocco_session=t' }), home)).toBeNull()
  })
})
