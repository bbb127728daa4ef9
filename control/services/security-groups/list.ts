import { limits } from '@sirocco/shared/model/limits.ts'
import { z } from 'zod'
import { Page, Ref } from '../inputs.ts'
import { read } from '../verb.ts'

/** Security groups of the project, with their rules. */
export const listSecurityGroups = read('security-groups.list', {
  input: Page,
  run: ({ store, scope }, page) => store.securityGroups.list(scope, page),
})

export const findSecurityGroups = read('security-groups.list', {
  input: z.object({ groups: z.array(Ref).min(1).max(limits.bulk) }),
  run: ({ store, scope }, { groups }) => store.securityGroups.find(scope, groups),
})
