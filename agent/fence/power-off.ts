import type { Clock } from '@sirocco/shared/kit/clock.ts'
import type { Result } from '@sirocco/shared/kit/fault.ts'
import type { PowerWay } from '@sirocco/shared/model/hosts/power.ts'
import type { Run } from '../programs/run.ts'
import { type Controller, powerOffByIpmi } from './ipmi.ts'
import { powerOffByRedfish, type TellController } from './redfish.ts'

export interface PowerOffParts {
  readonly run: Run
  readonly tell: TellController
  readonly clock: Clock
  pause(ms: number): Promise<void>
}

const ways = { ipmi: powerOffByIpmi, redfish: powerOffByRedfish } as const satisfies Record<
  PowerWay,
  (controller: Controller, parts: PowerOffParts) => Promise<Result<string>>
>

/** Switches a neighbour off by its management controller; only that one's own word that it is off counts. */
export const powerOff = (controller: Controller, parts: PowerOffParts): Promise<Result<string>> =>
  ways[controller.way](controller, parts)
