import { z } from 'zod'
import { Page, Ref } from '../inputs.ts'
import { networkNamed } from '../security-groups/network-named.ts'
import { read } from '../verb.ts'

/** Networks of the project with their subnets. */
export const listNetworks = read('networks.list', {
  input: Page,
  run: ({ store, scope }, page) => store.networks.list(scope, page),
})

/** One of them, by either id. */
export const findNetwork = read('networks.list', {
  input: z.object({ network: Ref }),
  run: (context, { network }) => networkNamed(context, network, undefined),
})
