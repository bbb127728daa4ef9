import { describe, expect, it } from 'vitest'
import { following } from './identity.ts'

const provider = {
  id: 'idp_1',
  grants: [
    { group: 'eng', project: 'prj_a', role: 'operator' },
    { group: 'leads', project: 'prj_a', role: 'owner' },
    { group: 'eng', project: 'prj_b', role: 'viewer' },
  ],
} as const

describe('memberships that follow groups', () => {
  it('are given by the highest role of any group', () => {
    expect(following(provider, ['leads', 'eng', 'chess'], [])).toEqual({
      give: [
        { project: 'prj_a', role: 'owner' },
        { project: 'prj_b', role: 'viewer' },
      ],
      change: [],
      take: [],
      projects: ['prj_a', 'prj_b'],
    })
  })

  it('change and are taken away where this provider gave them', () => {
    const held = [
      { project: 'prj_a', role: 'owner', givenBy: 'idp_1' },
      { project: 'prj_c', role: 'viewer', givenBy: 'idp_1' },
      { project: 'prj_b', role: 'viewer', givenBy: 'idp_1' },
    ] as const
    expect(following(provider, ['eng'], held)).toEqual({
      give: [],
      change: [{ project: 'prj_a', from: 'owner', role: 'operator' }],
      take: [{ project: 'prj_c', from: 'viewer' }],
      projects: ['prj_a', 'prj_b'],
    })
  })

  it('stay as they are where somebody here, or another provider, gave them', () => {
    const held = [
      { project: 'prj_a', role: 'admin', givenBy: null },
      { project: 'prj_b', role: 'operator', givenBy: 'idp_2' },
    ] as const
    expect(following(provider, ['leads', 'eng'], held)).toEqual({ give: [], change: [], take: [], projects: ['prj_a', 'prj_b'] })
    expect(following(provider, [], held)).toEqual({ give: [], change: [], take: [], projects: ['prj_a', 'prj_b'] })
  })
})
