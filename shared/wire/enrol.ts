import { z } from 'zod'

/** `POST /agent/enrol`: a machine presents a one-time token and the public half of the key it made for itself. */
export const EnrolRequest = z.strictObject({
  token: z.string().min(1).max(512),
  /** 32 raw bytes of Ed25519, in base64. */
  publicKey: z.base64().length(44),
  fingerprint: z.string().min(1).max(128),
  hosts: z
    .array(z.strictObject({ name: z.string().min(1).max(255) }))
    .min(1)
    .max(1_000),
  agentVersion: z.string().max(64),
})
export type EnrolRequest = z.output<typeof EnrolRequest>

/** Who it is from now on; the hosts by the names it gave. */
export const EnrolAnswer = z.strictObject({
  agent: z.string(),
  hosts: z.array(z.strictObject({ id: z.string(), name: z.string() })),
})
export type EnrolAnswer = z.output<typeof EnrolAnswer>
