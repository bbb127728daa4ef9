import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Role, roles } from '@sirocco/control/domain/access/principal.ts'
import { rights, type VerbName } from '@sirocco/control/domain/access/rights.ts'
import { rightsPage } from '@sirocco/control/domain/access/rights-page.ts'
import type { Call } from '@sirocco/control/services/verb.ts'
import { routes } from '@sirocco/shared/api/routes.ts'
import type { Result } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { beforeAll, describe, expect, test } from 'vitest'
import { type World, world } from '../support/world.ts'

const root = join(import.meta.dirname, '../..')

/** What is called as a verb, whatever it takes. */
interface AnyVerb {
  readonly name: VerbName
  call(call: Call, input: unknown): Promise<Result<unknown>>
}
const isVerb = (value: unknown): value is AnyVerb =>
  typeof value === 'object' && value !== null && 'call' in value && 'name' in value && 'input' in value

/** Every verb there is, as found by looking: none can be left out of the test. */
const files = readdirSync(join(root, 'control/services'), { recursive: true, encoding: 'utf8' })
  .filter(path => path.endsWith('.ts') && !path.endsWith('.test.ts'))
  .toSorted()
const found = await Promise.all(
  files.map(async path => Object.values((await import(join(root, 'control/services', path))) as Record<string, unknown>)),
)
const verbs = found.flat().filter(isVerb)

/** Who may, written down a second time and by another way than ranks. */
const may: Readonly<Record<Role, readonly Role[]>> = {
  viewer: ['viewer', 'operator', 'owner', 'admin'],
  operator: ['operator', 'owner', 'admin'],
  owner: ['owner', 'admin'],
  admin: ['admin'],
}

describe('the table of rights', () => {
  test('has a row for each verb, and no row without its verb', () => {
    expect(verbs.map(verb => verb.name).filter(name => !Object.hasOwn(rights, name))).toEqual([])
    const named = new Set<string>(verbs.map(verb => verb.name))
    expect(Object.keys(rights).filter(name => !named.has(name))).toEqual([])
  })

  test('is asked for by every route but those of one\u2019s own session', () => {
    const without = Object.entries(routes).flatMap(([name, { verbs }]) => (verbs.length === 0 ? [name] : []))
    expect(without.toSorted()).toEqual(['askPasskey', 'askProvider', 'getMe', 'listSignInProviders', 'signIn', 'signOut'])
  })

  test('is what docs/rights.md says', () => {
    expect(readFileSync(join(root, 'docs/rights.md'), 'utf8')).toBe(rightsPage())
  })
})

describe.each(verbs.map(verb => [verb.name, verb] as const))('%s', (name, verb) => {
  let w: World
  beforeAll(async () => {
    w = await world({ hosts: 1 })
  })
  test.each(roles)('is granted or refused to %s as the table says', async role => {
    const answer = await verb.call({ ports: w.ports, principal: { ...w.principal, role } }, hostile).catch(() => null)
    const refused = answer !== null && !answer.ok && answer.fault.code === 'forbidden'
    expect(refused).toBe(!may[rights[name]].includes(role))
  })
})

/** Granted or not is said before the input is looked at: this one no verb takes, so that none has an effect. */
const hostile = Array.from({ length: limits.page }, () => null)
