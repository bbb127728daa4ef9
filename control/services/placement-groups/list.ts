import { Page } from '../inputs.ts'
import { read } from '../verb.ts'

/** Placement groups of the project, with how many machines are in each. */
export const listPlacementGroups = read('placement-groups.list', {
  input: Page,
  run: ({ store, scope }, page) => store.placementGroups.list(scope, page),
})
