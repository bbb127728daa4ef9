import { expect, test } from 'vitest'
import { siteOf } from './site.ts'

test('passkeys belong to the domain of the instance, and to its origin alone', () => {
  expect(siteOf('https://cloud.example')).toEqual({ domain: 'cloud.example', origin: 'https://cloud.example' })
  expect(siteOf('https://cloud.example:8443')).toEqual({ domain: 'cloud.example', origin: 'https://cloud.example:8443' })
  expect(siteOf('http://localhost:7000')).toEqual({ domain: 'localhost', origin: 'http://localhost:7000' })
})

test('an instance on loopback is localhost to a browser', () => {
  expect(siteOf('http://127.0.0.1:7000')).toEqual({ domain: 'localhost', origin: 'http://localhost:7000' })
})

test('an address that is no name, or without TLS, has none', () => {
  expect(siteOf('https://203.0.113.7')).toBeNull()
  expect(siteOf('https://[2001:db8::1]')).toBeNull()
  expect(siteOf('http://cloud.example')).toBeNull()
})
