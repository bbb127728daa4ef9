import { describe, expect, it } from 'vitest'
import { router } from './routes.tsx'

describe('the addresses of the portal', () => {
  it('are these: a link in a ticket must still work tomorrow', () => {
    expect(Object.keys(router.routesByPath).sort()).toEqual([
      '/',
      '/hosts',
      '/images',
      '/key-pairs',
      '/machines',
      '/machines/$machine',
      '/machines/new',
      '/networks',
      '/people',
      '/placement-groups',
      '/pools',
      '/prices',
      '/security-groups',
      '/settings',
      '/sign-in',
      '/usage',
      '/volumes',
    ])
  })

  const searchOf = (path: '/sign-in' | '/machines', search: Record<string, unknown>): unknown => {
    const { validateSearch } = router.routesByPath[path].options
    return typeof validateSearch === 'function' ? validateSearch(search) : null
  }

  it('never send anybody elsewhere after signing in', () => {
    expect(searchOf('/sign-in', { to: '/machines?q=web' })).toEqual({ to: '/machines?q=web' })
    for (const to of ['//evil.example', '/\\evil.example', 'https://evil.example', 'javascript:alert(1)', 7])
      expect(searchOf('/sign-in', { to })).toEqual({})
  })

  it('carry what a list shows, and forget what they do not know', () => {
    expect(searchOf('/machines', { q: 'web', state: 'running', sort: 'name', down: true })).toEqual({
      q: 'web',
      state: 'running',
      sort: 'name',
      down: true,
    })
    expect(searchOf('/machines', { q: '', state: 'flying', sort: 'price', down: 'yes', page: 3 })).toEqual({})
  })
})
