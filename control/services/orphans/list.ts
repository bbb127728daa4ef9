import type { Id } from '@sirocco/shared/kit/id.ts'
import { theHost } from '../hosts/the-host.ts'
import { Page, Ref } from '../inputs.ts'
import { read } from '../verb.ts'

/** Machines on a host that nothing here asks for, and what each is made of: for admins. */
export const listOrphans = read('orphans.list', {
  input: Page.extend({ host: Ref }),
  async run({ store }, { host: id, ...page }) {
    const host = await theHost(store, id)
    return host.ok ? store.orphans.list(host.value.id as Id<'host'>, page) : host
  },
})
