import { say } from '@sirocco/shared/model/messages.ts'
import { nameOf, type Orphan } from '../domain/hosts/orphan.ts'
import { done, park, type Workflow } from './engine.ts'

/** It and its volumes, as their host knows them. */
const partsOf = ({ machine, found }: Orphan): readonly string[] => [machine, ...(found?.volumes ?? []).map(({ id }) => id)]

/** From an admin's wish to a host on which nothing of it is left. What is to go was written down with the wish. */
export const orphanRemove: Workflow<'orphan'> = {
  kind: 'orphan.remove',
  version: 1,
  steps: [
    {
      name: 'absent',
      async run({ world, subject: orphan, operation }) {
        const [left, hosts] = await Promise.all([
          world.store.hosts.tombstones(orphan.host),
          world.store.hosts.find([orphan.host]),
        ])
        if (!left.ok) return left
        if (!hosts.ok) return hosts
        const parts = new Set(partsOf(orphan))
        if (left.value.some(({ subject }) => parts.has(subject))) {
          world.pokes.hosts([orphan.host])
          return park(say(hosts.value[0]?.silentSince === null ? 'waiting.host' : 'waiting.silent_host'))
        }
        const { host, machine } = orphan
        return done(
          { do: 'orphan.gone', host, machine },
          {
            do: 'event',
            project: null,
            type: 'orphan.removed',
            subject: host,
            data: { machine, name: nameOf(orphan), operation: operation.id },
          },
        )
      },
    },
  ],
}
