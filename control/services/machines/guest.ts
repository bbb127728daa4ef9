import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import type { CommandBody } from '@sirocco/shared/wire/frames.ts'
import { z } from 'zod'
import { type Machine, stateOfMachine } from '../../domain/machines/machine.ts'
import { Ref } from '../inputs.ts'
import { type Context, read, write } from '../verb.ts'

/** What the agent inside a guest told: a guest's words, cut where they are long. */
const GuestFacts = z.object({
  hostname: z.string().max(255).optional(),
  os: z.object({ name: z.string().max(255), version: z.string().max(255), kernel: z.string().max(255) }).optional(),
  interfaces: z
    .array(z.object({ name: z.string().max(255), mac: z.string().max(64), addresses: z.array(z.string().max(64)).max(64) }))
    .max(64),
})

/** A user of the guest's own, as most systems name them. */
const User = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/, 'a user name has 1 to 32 letters, digits, dots, hyphens and underscores')

/** Says `body` to the agent inside a running guest, and waits for its answer. */
async function ask(
  { store, scope, links, ids }: Context,
  ref: string,
  body: (machine: Machine) => CommandBody,
): Promise<Result<{ readonly machine: Machine; readonly answer: string }>> {
  const found = await store.machines.find(scope, [ref])
  if (!found.ok) return found
  const [machine] = found.value
  if (!machine?.host || stateOfMachine(machine) !== 'running')
    return refuse('precondition', `${machine?.name ?? ref} is not running; start it first, since the agent inside it is asked`, {
      field: ref,
    })
  const answer = await links.ask({ id: ids.make('command'), host: machine.host, body: body(machine) })
  return answer.ok ? ok({ machine, answer: answer.value }) : answer
}

/** Hostname, system and addresses as the guest's own agent tells them now; `precondition` where none answers. */
export const guestFacts = read('machines.guest-facts', {
  input: z.object({ machine: Ref }),
  async run(context, { machine }) {
    const asked = await ask(context, machine, ({ id }) => ({ do: 'guest-facts', machine: id }))
    if (!asked.ok) return asked
    const facts = GuestFacts.safeParse(JSON.parse(asked.value.answer))
    return facts.success
      ? ok({ ...facts.data, at: context.clock.now() })
      : refuse('unavailable', 'the guest gave no sense; try again')
  },
})

const told = (machine: Machine, type: string, user: string) =>
  ok({
    answer: { machine: machine.id },
    subjects: [machine.id],
    changes: [{ do: 'event', project: machine.project, type, subject: machine.id, data: { user } } as const],
  })

/** Sets a user's password in the guest by its agent; twice is once. Call it without a token: what is kept of a request would be a hash of it. */
export const setGuestPassword = write('machines.guest-password', {
  input: z.object({
    machine: Ref,
    user: User,
    password: z
      .string()
      .min(1, 'a password has 1 to 256 characters')
      .max(256, 'a password has 1 to 256 characters')
      .refine(text => !/[\u0000-\u001f\u007f]/.test(text), 'a password has no control characters'),
  }),
  async run(context, { machine, user, password }) {
    const asked = await ask(context, machine, ({ id }) => ({ do: 'guest-password', machine: id, user, password }))
    return asked.ok ? told(asked.value.machine, 'machine.guest-password', user) : asked
  },
})

/** Lets a key pair of the project in as a user of the guest, by its agent. */
export const addGuestKey = write('machines.guest-key', {
  input: z.object({ machine: Ref, user: User, keyPair: z.string().min(1).max(255) }),
  async run(context, { machine, user, keyPair: name }) {
    const keyPair = await context.store.keyPairs.find(context.scope, name)
    if (!keyPair.ok) return keyPair
    const keys = [keyPair.value.publicKey]
    const asked = await ask(context, machine, ({ id }) => ({ do: 'guest-keys', machine: id, user, keys }))
    return asked.ok ? told(asked.value.machine, 'machine.guest-key', user) : asked
  },
})
