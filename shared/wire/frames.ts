import { z } from 'zod'
import { powerWays } from '../model/hosts/power.ts'
import { limits } from '../model/limits.ts'
import { Seen, Wanted, WireFault, WireId, words } from './objects.ts'
import { Question, Window } from './samples.ts'
import { Bundle } from './upgrade.ts'
import { Series, UsageRecord } from './usage.ts'

/** A set of objects as changes on top of a base; `base: null` says that this is all of it. `digest` is of the whole, after. */
const delta = <T extends z.ZodType>(object: T) =>
  z.strictObject({
    host: WireId,
    base: z.string().max(64).nullable(),
    digest: z.string().max(64),
    changed: z.array(object).max(limits.frameObjects),
    gone: z.array(z.strictObject({ kind: z.string().max(64), id: WireId })).max(limits.frameObjects),
  })

/** Agent: the first frame of every link. */
export const Hello = z.strictObject({
  type: z.literal('hello'),
  protocol: z.int(),
  agentVersion: words(64),
  /** SHA-256 of the bundle that runs; left out where none does (an agent run from its sources, a simulated world). */
  bundle: Bundle.optional(),
  /** Of the agent's machine: changes when it reboots. */
  bootId: words(128),
  /** New at each start of the agent's process. */
  runId: words(128),
  /** The hosts it speaks for, with the digest of the desired set it holds on disk (null: none). */
  hosts: z.array(z.strictObject({ id: WireId, name: words(255), desired: z.string().max(64).nullable() })).max(1_000),
})

/** What the hello of any protocol says; the rest may change. */
export const AnyHello = z.object({
  type: z.literal('hello'),
  protocol: z.int(),
  agentVersion: words(64),
  bundle: Bundle.optional(),
})

/** Control plane: the link is live; what carries another epoch is of an older link. */
export const Welcome = z.strictObject({
  type: z.literal('welcome'),
  protocol: z.int(),
  /** Of the database: renewed when it is restored. */
  incarnation: z.string(),
  epoch: z.int(),
  /** Hosts by the name the agent gave, as the control plane knows them. */
  hosts: z.array(z.strictObject({ id: z.string(), name: z.string() })),
  beatMs: z.int().positive(),
})

/** Control plane: what is wanted on a host. Never acknowledged; the newest wins. */
export const Desired = delta(Wanted).extend({ type: z.literal('desired'), revision: z.int() })

/** Agent: what is seen on a host. */
export const Observed = delta(Seen).extend({ type: z.literal('observed'), epoch: z.int(), seq: z.int() })

/** Either side: the base of your delta is not what I hold; send everything. */
export const Resync = z.strictObject({ type: z.literal('resync'), host: WireId })

/** What is no state: done at most once per id, and only before `deadline` (ms since the epoch). */
export const Command = z.strictObject({
  type: z.literal('command'),
  id: z.string(),
  epoch: z.int(),
  host: z.string(),
  deadline: z.number(),
  command: z.discriminatedUnion('do', [
    z.strictObject({ do: z.literal('reboot'), machine: z.string() }),
    z.strictObject({ do: z.literal('console-log'), machine: z.string() }),
    /** Dial the stream of this ticket and join it to the machine's serial console. */
    z.strictObject({ do: z.literal('console'), machine: z.string(), path: z.string() }),
    /** The same with its screen, which lets in whoever knows this password. Secret: logged nowhere. */
    z.strictObject({ do: z.literal('screen'), machine: z.string(), path: z.string(), password: z.string().length(8) }),
    z.strictObject({ do: z.literal('screenshot'), machine: z.string() }),
    /** Asked of the agent inside the guest. */
    z.strictObject({ do: z.literal('guest-facts'), machine: z.string() }),
    z.strictObject({ do: z.literal('guest-password'), machine: z.string(), user: z.string(), password: z.string() }),
    z.strictObject({ do: z.literal('guest-keys'), machine: z.string(), user: z.string(), keys: z.array(z.string()) }),
    /** Ask what this agent should be: by `POST /agent/upgrade`, which any agent can. */
    z.strictObject({ do: z.literal('upgrade'), target: z.string() }),
    /** Switch the host `target`, a neighbour, off by its management controller, and see that it is off. */
    z.strictObject({
      do: z.literal('power-off'),
      target: z.string(),
      way: z.enum(powerWays),
      address: z.string().max(253),
      port: z.int().min(1).max(65_535),
      username: z.string().max(64),
      /** Of Redfish: SHA-256 of the certificate that it shows, in hex (null: one that the asking host trusts), and which of its systems. */
      pin: Bundle.nullable(),
      system: z.string().max(64).nullable(),
      /** Secret: logged and kept nowhere. */
      password: z.string().max(256),
    }),
  ]),
})

export const Outcome = z.discriminatedUnion('ok', [
  z.strictObject({ ok: z.literal(true), value: z.string() }),
  z.strictObject({ ok: z.literal(false), fault: WireFault }),
])

/** Agent: the end of a command. Numbered; kept on disk until acknowledged. */
export const ResultFrame = z.strictObject({
  type: z.literal('result'),
  n: z.int().positive(),
  command: WireId,
  host: WireId,
  outcome: Outcome,
})

/** Control plane: answer this now, or not at all. */
export const Ask = z.strictObject({ type: z.literal('ask'), id: WireId, epoch: z.int(), host: WireId, question: Question })

/** Agent: the answer to a question, JSON of its kind. */
export const Answer = z.strictObject({ type: z.literal('answer'), id: WireId, outcome: Outcome })

/** Agent: how busy a host was. Told again on each link until it is kept. */
export const History = z.strictObject({ type: z.literal('history'), host: WireId, window: Window })

/** Control plane: that window is kept, or never will be. */
export const Kept = z.strictObject({ type: z.literal('kept'), host: WireId, at: z.int() })

/** Agent: what a host was used for. Numbered; kept on disk until acknowledged, and told one after the other. */
export const UsageFrame = z.strictObject({
  type: z.literal('usage'),
  host: WireId,
  series: Series,
  /** The first number that is still here: what came before it and is not known is lost. */
  oldest: z.int().positive(),
  record: UsageRecord,
})

/** Control plane: usage up to `n` is kept here now. */
export const UsageKept = z.strictObject({ type: z.literal('usage-kept'), host: WireId, series: Series, n: z.int() })

/** Control plane: results up to `n` are kept here now. */
export const Ack = z.strictObject({ type: z.literal('ack'), n: z.int() })

/** Control plane: this link is refused, and why; do not dial again before `retryMs`. */
export const Bye = z.strictObject({ type: z.literal('bye'), fault: WireFault, retryMs: z.int().nonnegative() })

export const FromAgent = z.discriminatedUnion('type', [Hello, Observed, Resync, ResultFrame, Answer, History, UsageFrame])
export const FromControl = z.discriminatedUnion('type', [Welcome, Desired, Resync, Command, Ask, Ack, Kept, UsageKept, Bye])

export type Hello = z.output<typeof Hello>
export type AnyHello = z.output<typeof AnyHello>
export type Welcome = z.output<typeof Welcome>
export type Desired = z.output<typeof Desired>
export type Observed = z.output<typeof Observed>
export type Command = z.output<typeof Command>
export type CommandBody = Command['command']
export type Ask = z.output<typeof Ask>
export type History = z.output<typeof History>
export type Outcome = z.output<typeof Outcome>
export type ResultFrame = z.output<typeof ResultFrame>
export type UsageFrame = z.output<typeof UsageFrame>
export type FromAgent = z.output<typeof FromAgent>
export type FromControl = z.output<typeof FromControl>
