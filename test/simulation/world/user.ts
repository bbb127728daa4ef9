import type { Principal } from '@sirocco/control/domain/access/principal.ts'
import type { Ports } from '@sirocco/control/services/context.ts'
import { deleteMachines } from '@sirocco/control/services/machines/delete.ts'
import { launchMachines } from '@sirocco/control/services/machines/launch.ts'
import { migrateMachine } from '@sirocco/control/services/machines/migrate.ts'
import { pauseMachines } from '@sirocco/control/services/machines/pause.ts'
import { rebootMachines } from '@sirocco/control/services/machines/reboot.ts'
import { rescueMachine } from '@sirocco/control/services/machines/rescue.ts'
import { resizeMachine } from '@sirocco/control/services/machines/resize.ts'
import { resumeMachines } from '@sirocco/control/services/machines/resume.ts'
import { revertMachine } from '@sirocco/control/services/machines/revert.ts'
import { snapshotMachine } from '@sirocco/control/services/machines/snapshot.ts'
import { startMachines } from '@sirocco/control/services/machines/start.ts'
import { stopMachines } from '@sirocco/control/services/machines/stop.ts'
import { suspendMachines } from '@sirocco/control/services/machines/suspend.ts'
import { unrescueMachine } from '@sirocco/control/services/machines/unrescue.ts'
import { cancelOperation } from '@sirocco/control/services/operations/cancel.ts'
import { listOperations } from '@sirocco/control/services/operations/list.ts'
import { retryOperation } from '@sirocco/control/services/operations/retry.ts'
import { createSnapshot } from '@sirocco/control/services/snapshots/create.ts'
import { deleteSnapshots } from '@sirocco/control/services/snapshots/delete.ts'
import { attachVolume } from '@sirocco/control/services/volumes/attach.ts'
import { createVolume } from '@sirocco/control/services/volumes/create.ts'
import { deleteVolumes } from '@sirocco/control/services/volumes/delete.ts'
import { detachVolumes } from '@sirocco/control/services/volumes/detach.ts'
import { growVolume } from '@sirocco/control/services/volumes/grow.ts'
import { revertVolume } from '@sirocco/control/services/volumes/revert.ts'
import { type FaultCode, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { below, chance, pick, type Random } from '@sirocco/shared/kit/random.ts'
import { Violation } from './checks.ts'
import type { ControlPlane } from './control.ts'
import type { SimulatedTime } from './time.ts'
import type { Trace } from './trace.ts'

/** Refusals that say nothing about whether it was done, or that a second try may pass. */
const again: ReadonlySet<FaultCode> = new Set(['unavailable', 'throttled', 'stale', 'conflict', 'internal'])
const tries = 12

/** One thing asked for: under one token, however often; or, by those who use none, once. */
interface Request {
  readonly token: string | null
  /** Of the machines that it launches; no other launch has it. */
  readonly name: string
  readonly what: string
  readonly send: (ports: Ports) => Promise<Result<Answer>>
  /** Machines it may make at most. */
  readonly makes: number
  answer: Answer | null
  /** Did any try end without saying whether it was done? */
  doubtful: boolean
  refused: FaultCode | null
}
type Answer =
  | { readonly machines: readonly string[] }
  | {
      readonly operations: readonly string[]
      readonly volume?: string
      readonly snapshot?: string
      readonly snapshots?: readonly string[]
    }

export interface UserParts {
  readonly time: SimulatedTime
  readonly random: Random
  readonly trace: Trace
  readonly control: ControlPlane
  readonly principal: Principal
  readonly image: string
  /** A rule of the world was broken. */
  readonly violation: (what: string) => void
}

/** A person with scripts: launches and deletes at random, and repeats what got no answer under its token. */
export class User {
  readonly #parts: UserParts
  readonly requests: Request[] = []
  readonly #machines = new Set<string>()
  readonly #volumes = new Set<string>()
  readonly #snapshots = new Set<string>()
  #open = 0
  /** Refusals by code, and requests that were accepted. */
  readonly ended = new Map<string, number>()

  constructor(parts: UserParts) {
    this.#parts = parts
  }

  /** Everything asked has its answer. */
  get idle(): boolean {
    return this.#open === 0
  }

  /** Does one thing. */
  act(): void {
    const { random } = this.#parts
    // Now and then many at once, as a deployment tool does, or several for one machine.
    if (chance(random, 0.1) && this.#machines.size > 0) {
      const machine = pick(random, [...this.#machines])
      for (let i = 0; i < 3; i++) this.#send(this.#change(machine))
      return
    }
    const launches = chance(random, 0.1) ? 3 + below(random, 5) : 1
    for (let i = 0; i < launches; i++) {
      const request =
        launches > 1 || chance(random, 0.4) || this.#machines.size === 0
          ? this.#launch()
          : chance(random, 0.4)
            ? this.#store()
            : this.#change()
      this.#send(request)
    }
  }

  #send(request: Request): void {
    this.requests.push(request)
    void this.#pursue(request)
    // A script that runs twice at once.
    if (request.token !== null && chance(this.#parts.random, 0.1)) void this.#pursue(request)
  }

  /** Asks again for everything that never got a word. */
  settle(): void {
    for (const request of this.requests)
      if (request.token !== null && request.answer === null && request.refused === null) void this.#pursue(request)
  }

  #launch(): Request {
    const { random, image, principal } = this.#parts
    const token = chance(random, 0.7) ? `t${this.requests.length}` : null
    const misbehaves = chance(random, 0.12) ? pick(random, ['fail-boot', 'fail-define', 'fail-stop']) : 'vm'
    const input = {
      image,
      flavor: pick(random, ['t3.pico', 't3.nano', 't3.nano', 't3.micro']),
      minCount: 1,
      maxCount: 1 + below(random, 3),
      name: `${misbehaves}-${this.requests.length}`,
      ...(chance(random, 0.3) ? { userData: 'IyEvYmluL3NoCg==' } : {}),
      ...(chance(random, 0.2) ? { onGuestShutdown: 'terminate' as const } : {}),
      ...(chance(random, 0.1) ? { volumes: [{ sizeMiB: 100, deleteOnTermination: chance(random, 0.5) }] } : {}),
    }
    const what = `launch ${input.maxCount} ${input.flavor} ${input.name}`
    return request({ token, name: input.name, what, makes: input.maxCount }, ports =>
      launchMachines.call({ ports, principal, ...(token === null ? {} : { token }) }, input),
    )
  }

  #change(machine = pick(this.#parts.random, [...this.#machines])): Request {
    const { random, principal } = this.#parts
    if (chance(random, 0.15)) return this.#ask(machine)
    const token = `t${this.requests.length}`
    if (chance(random, 0.1)) {
      const flavor = pick(random, ['t3.pico', 't3.nano', 't3.micro'])
      return request({ token, name: '', what: `resize ${machine} to ${flavor}`, makes: 0 }, async ports => {
        const resized = await resizeMachine.call({ ports, principal, token }, { machine, flavor })
        return resized.ok ? { ok: true, value: { operations: [] } } : resized
      })
    }
    const [name, verb] = pick(random, [
      ['stop', stopMachines],
      ['start', startMachines],
      ['start', startMachines],
      ['reboot', rebootMachines],
      ['reboot', rebootMachines],
      ['pause', pauseMachines],
      ['suspend', suspendMachines],
      ['resume', resumeMachines],
      ['delete', deleteMachines],
      ['delete', deleteMachines],
      ['move', migrateMachine],
      ['move', migrateMachine],
      ['move', migrateMachine],
      ['rescue', rescueMachine],
      ['unrescue', unrescueMachine],
    ] as const)
    if (name === 'delete') this.#machines.delete(machine)
    if (name === 'move')
      return request({ token, name: '', what: `move ${machine}`, makes: 0 }, ports =>
        migrateMachine.call({ ports, principal: { ...principal, role: 'admin' }, token }, { machine }),
      )
    if (name === 'rescue' || name === 'unrescue')
      return request({ token, name: '', what: `${name} ${machine}`, makes: 0 }, ports =>
        verb.call({ ports, principal, token }, { machine }),
      )
    const force = chance(random, 0.3)
    return request({ token, name: '', what: `${name} ${machine}`, makes: 0 }, ports =>
      verb.call({ ports, principal, token }, name === 'stop' ? { machines: [machine], force } : { machines: [machine] }),
    )
  }

  /** Something about a volume or a snapshot. */
  #store(): Request {
    const { random, principal } = this.#parts
    const token = `t${this.requests.length}`
    const ask = (what: string, send: (call: { ports: Ports; principal: Principal; token: string }) => Promise<Result<Answer>>) =>
      request({ token, name: '', what, makes: 0 }, ports => send({ ports, principal, token }))
    const size = 100 + below(random, 900)
    const volume = this.#volumes.size > 0 ? pick(random, [...this.#volumes]) : null
    const snapshot = this.#snapshots.size > 0 ? pick(random, [...this.#snapshots]) : null
    if (volume === null || chance(random, 0.2)) return ask('make a volume', call => createVolume.call(call, { sizeMiB: size }))
    const machine = pick(random, [...this.#machines])
    const deeds: readonly (() => Request)[] = [
      () => ask(`attach ${volume} to ${machine}`, call => attachVolume.call(call, { volume, machine })),
      () => ask(`attach ${volume} to ${machine}`, call => attachVolume.call(call, { volume, machine })),
      () => ask(`detach ${volume}`, call => detachVolumes.call(call, { volumes: [volume] })),
      () => ask(`grow ${volume}`, call => growVolume.call(call, { volume, sizeMiB: 10 * size })),
      () => ask(`snapshot ${volume}`, call => createSnapshot.call(call, { volume })),
      () => ask(`snapshot all of ${machine}`, call => snapshotMachine.call(call, { machine })),
      () =>
        snapshot === null
          ? this.#change()
          : ask(`${volume} back to ${snapshot}`, call => revertVolume.call(call, { volume, snapshot })),
      () =>
        snapshot === null
          ? this.#change()
          : ask(`${machine} back to ${snapshot}`, call => revertMachine.call(call, { machine, snapshot })),
      () => ask(`copy ${volume}`, call => createVolume.call(call, { volume })),
      () => ask(`delete ${volume}`, call => deleteVolumes.call(call, { volumes: [volume] })),
      () =>
        snapshot === null
          ? this.#change()
          : chance(random, 0.5)
            ? ask(`volume of ${snapshot}`, call => createVolume.call(call, { snapshot }))
            : ask(`delete ${snapshot}`, call => deleteSnapshots.call(call, { snapshots: [snapshot] })),
    ]
    return pick(random, deeds)()
  }

  /** A word about the newest operation of a machine, always the same one, however often it is said. */
  #ask(machine: string): Request {
    const { random, principal } = this.#parts
    const token = `t${this.requests.length}`
    const [name, verb] = pick(random, [
      ['retry', retryOperation],
      ['cancel', cancelOperation],
    ] as const)
    let operation: string | null = null
    return request({ token, name: '', what: `${name} what ${machine} does`, makes: 0 }, async ports => {
      if (operation === null) {
        const newest = await listOperations.call({ ports, principal }, { subject: machine, limit: 1 })
        if (!newest.ok) return newest
        operation ??= newest.value.items[0]?.id ?? null
        if (operation === null) return refuse('not_found', 'it does nothing')
      }
      return verb.call({ ports, principal, token }, { operation })
    })
  }

  async #pursue(request: Request): Promise<void> {
    const { time, random, control, trace } = this.#parts
    this.#open++
    try {
      for (let i = 0; i < (request.token === null ? 1 : tries); i++) {
        const result = await control.request(request.send)
        if (result.ok) {
          this.#answered(request, result.value)
          return
        }
        const { code, message } = result.fault
        if (code === 'conflict' && message.includes('used before')) throw new Violation(`${request.token}: ${message}`)
        if (!again.has(code)) {
          request.refused ??= code
          trace.add('user', `${request.token ?? 'once'} ${request.what}: ${code}`)
          this.ended.set(code, (this.ended.get(code) ?? 0) + 1)
          return
        }
        if (code === 'unavailable' || code === 'internal') request.doubtful = true
        await new Promise<void>(resolve => time.after(100 + below(random, 400 * 2 ** Math.min(i, 4)), resolve))
      }
    } finally {
      this.#open--
    }
  }

  #answered(request: Request, answer: Answer): void {
    const before = request.answer
    const made = 'machines' in answer ? answer.machines : answer.operations
    const madeBefore = before === null ? [] : 'machines' in before ? before.machines : before.operations
    if (before !== null && made.length > 0 && madeBefore.length > 0 && made.join() !== madeBefore.join())
      this.#parts.violation(`${request.token} was answered ${madeBefore.join()} and then ${made.join()}`)
    if (before === null || madeBefore.length === 0) request.answer = answer
    if (before !== null) return
    this.#parts.trace.add('user', `${request.token ?? 'once'} ${request.what}: ${made.join(' ') || 'so already'}`)
    this.ended.set('ok', (this.ended.get('ok') ?? 0) + 1)
    if ('volume' in answer && answer.volume) this.#volumes.add(answer.volume)
    if ('snapshot' in answer && answer.snapshot) this.#snapshots.add(answer.snapshot)
    if ('snapshots' in answer) for (const one of answer.snapshots ?? []) this.#snapshots.add(one)
    if (!('machines' in answer)) return
    for (const id of answer.machines) this.#machines.add(id)
    // Some change their mind at once.
    if (chance(this.#parts.random, 0.2)) this.#send(this.#change(pick(this.#parts.random, answer.machines)))
  }

  /** Each request landed at most once, and what it was told of is what landed. `seen` are all machines that ever had a row. */
  check(seen: readonly { readonly id: string; readonly name: string; readonly reservation: string }[]): void {
    const landed = Map.groupBy(seen, machine => machine.name.split('-').slice(0, -1).join('-'))
    const byName = (name: string) => seen.filter(m => m.name === name || (landed.get(name) ?? []).includes(m))
    for (const { token, name, answer, makes, refused, doubtful } of this.requests) {
      if (name === '') continue
      const what = token ?? `the launch of ${name}`
      const machines = byName(name)
      if (new Set(machines.map(m => m.reservation)).size > 1) throw new Violation(`${what} landed twice`)
      if (machines.length > makes) throw new Violation(`${what} may make ${makes} machines and made ${machines.length}`)
      if (refused !== null && answer === null && !doubtful && machines.length > 0)
        throw new Violation(`${what} was refused (${refused}) and made ${machines.length} machines`)
      if (answer === null || !('machines' in answer)) continue
      for (const id of answer.machines)
        if (!machines.some(m => m.id === id)) throw new Violation(`${what} was told of ${id}, which is not there`)
      for (const { id } of machines)
        if (!answer.machines.includes(id)) throw new Violation(`${what} made ${id}, which it was not told of`)
    }
  }
}

function request(about: Pick<Request, 'token' | 'name' | 'what' | 'makes'>, send: Request['send']): Request {
  return { ...about, send, answer: null, doubtful: false, refused: null }
}
