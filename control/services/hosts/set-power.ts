import { ok } from '@sirocco/shared/kit/fault.ts'
import { Secret } from '@sirocco/shared/kit/secret.ts'
import { z } from 'zod'
import type { Change } from '../../ports/changes.ts'
import { write } from '../verb.ts'
import { powerPlace } from './power-place.ts'
import { theHost } from './the-host.ts'

const Address = z
  .string()
  .max(253)
  .regex(/^(?!-)[A-Za-z0-9.:-]+$/, 'an IP address or a host name')

/** Tells where a host's management controller is, and how it is spoken to; null: it has none. */
export const setHostPower = write('hosts.set-power', {
  input: z.object({
    host: z.string().min(1).max(64),
    power: z
      .object({
        way: z.enum(['ipmi']),
        address: Address,
        port: z.int().min(1).max(65_535).default(623),
        username: z.string().min(1).max(64),
        password: z.string().min(1).max(256),
      })
      .nullable(),
  }),
  async run({ store, secrets }, { host: id, power }) {
    const found = await theHost(store, id)
    if (!found.ok) return found
    const host = found.value.id
    const change: Change = power
      ? {
          do: 'host-power.set',
          host,
          power: { ...power, password: await secrets.seal(new Secret(power.password), powerPlace(host)) },
        }
      : { do: 'host-power.drop', host }
    return ok({
      answer: {},
      subjects: [host],
      changes: [change, { do: 'event', project: null, type: 'host.power-set', subject: host }],
    })
  },
})
