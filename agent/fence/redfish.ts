import type { Clock } from '@sirocco/shared/kit/clock.ts'
import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { z } from 'zod'
import type { Controller } from './ipmi.ts'

/** One request to a controller, and its answer as it came. Refused where none came. */
export type TellController = (
  controller: Controller,
  method: 'GET' | 'POST',
  path: string,
  body?: object,
) => Promise<Result<{ readonly status: number; readonly text: string }>>

/** Links of a controller lead to itself. */
const Path = z
  .string()
  .max(1_024)
  .regex(/^\/(?!\/)[\x21-\x7e]*$/)
const Link = z.object({ '@odata.id': Path })
const Root = z.object({ Systems: Link })
const Systems = z.object({ Members: z.array(Link).max(1_024) })
const System = z.object({
  PowerState: z.string().nullable().optional(),
  Actions: z.object({ '#ComputerSystem.Reset': z.object({ target: Path }) }),
})

interface Parts {
  readonly tell: TellController
  readonly clock: Clock
  pause(ms: number): Promise<void>
}

/**
 * Switches a host off by its management controller (DMTF Redfish: ComputerSystem.Reset, ForceOff), and reads back that it is. Off already is as
 * good; only PowerState `Off`, as the controller tells it, counts.
 */
export async function powerOffByRedfish(controller: Controller, { tell, clock, pause }: Parts): Promise<Result<string>> {
  const end = clock.now() + limits.powerOff
  const found = await systemOf(controller, tell)
  if (!found.ok) return found
  const look = () => read(tell, controller, found.value, System)
  const first = await look()
  if (!first.ok) return first
  const { target } = first.value.Actions['#ComputerSystem.Reset']
  if (first.value.PowerState === 'Off') return ok('off')
  const asked = await tell(controller, 'POST', target, { ResetType: 'ForceOff' })
  for (; ; await pause(limits.powerLook)) {
    const seen = await look()
    if (seen.ok && seen.value.PowerState === 'Off') return ok('off')
    if (clock.now() < end) continue
    const detail = asked.ok ? `ForceOff was answered with ${asked.value.status}: ${asked.value.text}` : asked.fault.message
    return seen.ok
      ? refuse('internal', `it says that the host is still ${seen.value.PowerState ?? 'of no known power'}`, {
          detail: detail.slice(0, 1_000),
        })
      : seen
  }
}

/** Of the controller's systems, the one that was named, or its only one. */
async function systemOf(controller: Controller, tell: TellController): Promise<Result<string>> {
  const root = await read(tell, controller, '/redfish/v1/', Root)
  if (!root.ok) return root
  const systems = await read(tell, controller, root.value.Systems['@odata.id'], Systems)
  if (!systems.ok) return systems
  const paths = systems.value.Members.map(member => member['@odata.id'])
  const names = paths.map(path => path.replace(/\/$/, '').split('/').at(-1) ?? '')
  const { system } = controller
  const [path, ...others] = paths.filter((_, at) => system === null || names[at] === system)
  if (path !== undefined && others.length === 0) return ok(path)
  const has = `its controller at ${controller.address} has the systems ${names.slice(0, 8).join(', ') || '(none)'}`
  return refuse('precondition', system === null ? `${has}: say which one this host is` : `${has}: ${system} is none of them`)
}

async function read<T extends z.ZodType>(
  tell: TellController,
  controller: Controller,
  path: string,
  shape: T,
): Promise<Result<z.output<T>>> {
  const answer = await tell(controller, 'GET', path)
  if (!answer.ok) return answer
  const { status, text } = answer.value
  const where = `its controller at ${controller.address}`
  if (status === 401 || status === 403) return refuse('internal', `${where} does not take this name and password`)
  if (status !== 200) return refuse('internal', `${where} does not answer as it should`, { detail: `${path}: ${status}` })
  try {
    const parsed = shape.safeParse(JSON.parse(text))
    if (parsed.success) return ok(parsed.data)
    return refuse('internal', `${where} does not speak Redfish as it should`, {
      detail: z.prettifyError(parsed.error).slice(0, 1_000),
    })
  } catch {
    return refuse('internal', `${where} answers what is no Redfish`)
  }
}
