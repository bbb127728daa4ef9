import type { Result } from '@sirocco/shared/kit/fault.ts'
import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import type { Command, CommandBody, Outcome } from '@sirocco/shared/wire/frames.ts'
import type { Compute } from '../ports/compute.ts'
import type { StreamSource } from '../streams/console.ts'

/** Dials the stream at `path` and joins it to `source`, a machine's console or screen; resolves when both are joined. */
export type JoinConsole = (source: StreamSource, path: string, how?: { readonly lossless: boolean }) => Promise<Result<void>>

/** Switches a neighbour off, and sees that it is off. */
export type PowerOff = (controller: Of<'power-off'>) => Promise<Result<string>>

/** Asks what this agent should be. */
export type AskUpgrade = () => void

type Of<D extends CommandBody['do']> = Extract<CommandBody, { do: D }>
type Doings = {
  readonly [D in CommandBody['do']]: (
    compute: Compute,
    body: Of<D>,
    join: JoinConsole,
    powerOff: PowerOff,
    askUpgrade: AskUpgrade,
  ) => Promise<Result<string>>
}

const said = (result: Result<void>): Result<string> => (result.ok ? ok('') : result)

const doings: Doings = {
  reboot: async (compute, { machine }) => said(await compute.reboot(machine)),
  /** The log is bytes: base64. */
  'console-log': async (compute, { machine }) => {
    const log = await compute.consoleLog(machine)
    return log.ok ? ok(Buffer.from(log.value).toString('base64')) : log
  },
  console: async (compute, { machine, path }, join) =>
    said(await join((data, closed) => compute.console(machine, data, closed), path)),
  screen: async (compute, { machine, path, password }, join) =>
    said(await join((data, closed) => compute.screen(machine, password, data, closed), path, { lossless: true })),
  screenshot: async (compute, { machine }) => {
    const png = await compute.screenshot(machine)
    if (!png.ok) return png
    return png.value.byteLength > limits.screenshotBytes
      ? refuse('unsupported', 'the screen is too detailed for a picture; open it instead')
      : ok(Buffer.from(png.value).toString('base64'))
  },
  'guest-facts': async (compute, { machine }) => {
    const facts = await compute.guestFacts(machine)
    return facts.ok ? ok(JSON.stringify(facts.value)) : facts
  },
  'guest-password': async (compute, { machine, user, password }) => said(await compute.setGuestPassword(machine, user, password)),
  'guest-keys': async (compute, { machine, user, keys }) => said(await compute.addGuestKeys(machine, user, keys)),
  'power-off': async (_, controller, __, powerOff) => powerOff(controller),
  /** But a hint: what comes of it is said elsewhere. */
  upgrade: async (_, __, ___, ____, askUpgrade) => {
    askUpgrade()
    return ok('')
  },
}

/** What a session does with commands: each on the compute port of its host. */
export const executeBy =
  (computeOf: (host: string) => Compute | undefined, join: JoinConsole, powerOff: PowerOff, askUpgrade: AskUpgrade) =>
  async ({ host, command }: Command): Promise<Outcome> => {
    const compute = computeOf(host)
    const result = compute
      ? await doing(command)(compute, join, powerOff, askUpgrade)
      : refuse('not_found', 'no such host is here')
    if (result.ok) return { ok: true, value: result.value }
    const { code, message, detail } = result.fault
    return { ok: false, fault: { code, message, ...(detail === undefined ? {} : { detail }) } }
  }

const doing = <D extends CommandBody['do']>(body: Of<D>) => {
  const run = doings[body.do as D]
  return (compute: Compute, join: JoinConsole, powerOff: PowerOff, askUpgrade: AskUpgrade) =>
    run(compute, body, join, powerOff, askUpgrade)
}
