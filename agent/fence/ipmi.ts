import type { Clock } from '@sirocco/shared/kit/clock.ts'
import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import type { CommandBody } from '@sirocco/shared/wire/frames.ts'
import type { Run } from '../programs/run.ts'

export type Controller = Omit<Extract<CommandBody, { do: 'power-off' }>, 'do' | 'target'>

export interface FenceParts {
  readonly run: Run
  readonly clock: Clock
  pause(ms: number): Promise<void>
}

/** Arguments are for all to see: the password is in the environment. */
const wordsOf = ({ address, port, username }: Controller): string[] => [
  ...['-I', 'lanplus', '-H', address, '-p', String(port), '-U', username],
  ...['-N', '2', '-R', '3', '-E'],
]

/**
 * Switches a host off by its management controller (IPMI 2.0 over LAN) and sees that it is off. Off already is as good; only the
 * controller's own word that it is off counts.
 */
export async function powerOffByIpmi(controller: Controller, { run, clock, pause }: FenceParts): Promise<Result<string>> {
  const chassis = (verb: 'off' | 'status') =>
    run('ipmitool', [...wordsOf(controller), 'chassis', 'power', verb], '', { IPMI_PASSWORD: controller.password })
  const asked = await chassis('off')
  if (asked.code === null && asked.stderr.includes('ENOENT'))
    return refuse('unsupported', 'ipmitool is missing on the host that was to ask: install it there (apt-get install ipmitool)')
  for (const end = clock.now() + limits.powerOff; ; await pause(limits.powerLook)) {
    const seen = await chassis('status')
    if (seen.code === 0 && /^Chassis Power is off\s*$/m.test(seen.stdout)) return ok('off')
    if (clock.now() >= end)
      return refuse(
        'internal',
        seen.code === 0
          ? 'it says that the host is still on'
          : `its controller at ${controller.address} does not answer as it should`,
        {
          detail: [asked.stderr, seen.stderr]
            .filter(text => text !== '')
            .join('; ')
            .slice(0, 1_000),
        },
      )
  }
}
