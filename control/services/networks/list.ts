import { Page } from '../inputs.ts'
import { read } from '../verb.ts'

/** Networks of the project with their subnets. */
export const listNetworks = read('networks.list', {
  input: Page,
  run: ({ store, scope }, page) => store.networks.list(scope, page),
})
