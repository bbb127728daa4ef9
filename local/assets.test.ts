import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { assetsOf } from './assets.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'assets-'))
  mkdirSync(join(folder, 'dist/assets'), { recursive: true })
  writeFileSync(join(folder, 'secret.txt'), 'secret')
  writeFileSync(join(folder, 'dist/index.html'), '<html>')
  writeFileSync(join(folder, 'dist/assets/index-AbCd1234.js'), 'run()')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const get = (pathname: string, method = 'GET', etag: string | null = null) =>
  assetsOf(join(folder, 'dist'))({ method, pathname, etag })
const seen = (pathname: string) => {
  const { status, headers, body } = get(pathname)
  return [status, headers['content-type'], body ? Buffer.from(body).toString() : null]
}

describe('the portal on one machine', () => {
  it('is a page, its files, and the page again for each address within it', () => {
    expect(seen('/')).toEqual([200, 'text/html; charset=utf-8', '<html>'])
    expect(seen('/machines/vm_1')).toEqual([200, 'text/html; charset=utf-8', '<html>'])
    expect(seen('/assets/index-AbCd1234.js')).toEqual([200, 'text/javascript; charset=utf-8', 'run()'])
    expect(seen('/assets/gone-AbCd1234.js')[0]).toBe(404)
  })

  it.each([
    '/../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '/assets/..%2f..%2f..%2fsecret.txt',
    '/%00.txt',
    '/%ff.txt',
  ])('has nothing outside its folder: %s', path => {
    expect(seen(path)[0]).toBe(404)
  })

  it('lets browsers keep what never changes, and ask for the rest', () => {
    expect(get('/assets/index-AbCd1234.js').headers['cache-control']).toMatch(/immutable/)
    const page = get('/')
    expect(page.headers['cache-control']).toBe('no-cache')
    expect(get('/', 'GET', page.headers.etag ?? null).status).toBe(304)
  })

  it('is only read', () => {
    expect(get('/', 'POST').status).toBe(405)
    expect(get('/', 'HEAD').body).toBeNull()
  })
})
