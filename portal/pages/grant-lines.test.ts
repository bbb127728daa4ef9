import { describe, expect, it } from 'vitest'
import { grantsOf, linesOf } from './grant-lines.ts'

describe('what groups give, as lines', () => {
  it('reads a line each, groups named as they are', () => {
    expect(grantsOf('/eng/core, demo, operator\n\ncn=ops,ou=x, demo , owner')).toEqual([
      { group: '/eng/core', project: 'demo', role: 'operator' },
      { group: 'cn=ops,ou=x', project: 'demo', role: 'owner' },
    ])
    expect(grantsOf('')).toEqual([])
  })

  it.each(['eng, demo', 'eng, demo, admin', ', demo, owner', 'eng, , owner'])('does not guess at "%s"', line => {
    expect(grantsOf(line)).toBe(null)
  })

  it('writes what it reads, with the names of projects that are known', () => {
    const grants = [
      { group: 'eng', project: 'prj_1', role: 'viewer' as const },
      { group: 'ops', project: 'prj_2', role: 'owner' as const },
    ]
    expect(linesOf(grants, [{ id: 'prj_1', name: 'demo' }])).toBe('eng, demo, viewer\nops, prj_2, owner')
  })
})
