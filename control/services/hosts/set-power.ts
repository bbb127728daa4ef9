import { ok } from '@sirocco/shared/kit/fault.ts'
import { Secret } from '@sirocco/shared/kit/secret.ts'
import { powerPorts, powerWays } from '@sirocco/shared/model/hosts/power.ts'
import { z } from 'zod'
import type { Change } from '../../ports/changes.ts'
import { write } from '../verb.ts'
import { powerPlace } from './power-place.ts'
import { theHost } from './the-host.ts'

const Address = z
  .string()
  .max(253)
  .regex(/^(?!-)[A-Za-z0-9.:-]+$/, 'an IP address or a host name')

/** SHA-256 of a certificate, as tools print it. */
const Pin = z
  .string()
  .transform(text => text.replaceAll(':', '').toLowerCase())
  .refine(text => /^[0-9a-f]{64}$/.test(text), 'the SHA-256 of a certificate, in hex')

const System = z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, 'the last word of the address of a system')

/** Tells where a host's management controller is, and how it is spoken to; null: it has none. */
export const setHostPower = write('hosts.set-power', {
  input: z.object({
    host: z.string().min(1).max(64),
    power: z
      .object({
        way: z.enum(powerWays),
        address: Address,
        port: z.int().min(1).max(65_535).optional(),
        username: z.string().min(1).max(64),
        password: z.string().min(1).max(256),
        pin: Pin.optional(),
        system: System.optional(),
      })
      .refine(({ way, pin, system }) => way === 'redfish' || (pin === undefined && system === undefined), {
        message: 'a pin and a system are for Redfish only',
        path: ['way'],
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
          power: {
            ...power,
            port: power.port ?? powerPorts[power.way],
            pin: power.pin ?? null,
            system: power.system ?? null,
            password: await secrets.seal(new Secret(power.password), powerPlace(host)),
          },
        }
      : { do: 'host-power.drop', host }
    return ok({
      answer: {},
      subjects: [host],
      changes: [change, { do: 'event', project: null, type: 'host.power-set', subject: host }],
    })
  },
})
