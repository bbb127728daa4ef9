import { limits } from '@sirocco/shared/model/limits.ts'
import { z } from 'zod'
import type { GuestFacts } from '../../ports/compute.ts'

/** One question to QEMU's guest agent (its protocol: qga/qapi-schema.json), as text. */
export const guestCommand = (execute: string, parameters?: Readonly<Record<string, unknown>>): string =>
  JSON.stringify(parameters === undefined ? { execute } : { execute, arguments: parameters })

/** What it returned; null where it is no answer of that shape. A guest's words are hostile. */
export function guestReturn<T extends z.ZodType>(schema: T, text: string): z.output<T> | null {
  if (text.length > limits.guestAnswerBytes) return null
  try {
    const answer = z.object({ return: z.unknown() }).safeParse(JSON.parse(text))
    return answer.success ? (schema.safeParse(answer.data.return).data ?? null) : null
  } catch {
    return null
  }
}

/** Of text that a guest gives, and of lists. */
const word = z.string().max(255)
const many = 64

export const HostName = z.object({ 'host-name': word })
export const OsInfo = z.object({
  'pretty-name': word.optional(),
  name: word.optional(),
  'version-id': word.optional(),
  'kernel-release': word.optional(),
})
export const Interfaces = z
  .array(
    z.object({
      name: word,
      'hardware-address': word.optional(),
      'ip-addresses': z
        .array(z.object({ 'ip-address': z.union([z.ipv4(), z.ipv6()]), prefix: z.int().min(0).max(128) }))
        .optional(),
    }),
  )
  .transform(all => all.slice(0, many))

/** What the answers say together; each may be missing, since old agents know fewer questions. */
export function guestFactsOf(
  host: z.output<typeof HostName> | null,
  os: z.output<typeof OsInfo> | null,
  interfaces: z.output<typeof Interfaces> | null,
): GuestFacts {
  return {
    ...(host ? { hostname: host['host-name'] } : {}),
    ...(os
      ? {
          os: {
            name: os['pretty-name'] ?? os.name ?? '',
            version: os['version-id'] ?? '',
            kernel: os['kernel-release'] ?? '',
          },
        }
      : {}),
    interfaces: (interfaces ?? [])
      .filter(({ name }) => name !== 'lo')
      .map(each => ({
        name: each.name,
        mac: each['hardware-address'] ?? '',
        addresses: (each['ip-addresses'] ?? []).slice(0, many).map(address => `${address['ip-address']}/${address.prefix}`),
      })),
  }
}
