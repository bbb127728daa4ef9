import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { type Power, type SeenPower, seenPowers } from '@sirocco/shared/model/machines/states.ts'
import type { Capabilities, Connector, DesiredMachine, Observed } from '../../../ports/connector.ts'
import type { ForeignCloud, Instance } from './cloud.ts'

/** What this connector must remember over restarts, by our machine: kept with the account. */
export interface Remembered {
  readonly wanted: DesiredMachine
  /** The cloud's id, written in the step that got it; null: none was got yet. */
  readonly remote: string | null
  /** The newest generation that was seen fulfilled; -1: none. */
  readonly applied: number
  /** Was it ever wanted on? Then a launch may have landed whose answer nobody heard. */
  readonly launched: boolean
}
export interface Memory {
  get(machine: string): Promise<Remembered | null>
  put(machine: string, remembered: Remembered): Promise<void>
  /** Commands that ended. */
  outcome(command: string): Promise<Result<string> | null>
  end(command: string, outcome: Result<string>): Promise<void>
  all(): Promise<readonly string[]>
  commands(): Promise<readonly string[]>
}

/** Our machine's id, on everything that is ours there. Names collide; this does not. */
const ownTag = 'sirocco:machine'

/** The cloud's states as ours; one that nobody told us of is no fact. */
const powers: Readonly<Record<string, SeenPower>> = {
  running: 'running',
  stopping: 'stopping',
  stopped: 'stopped',
  paused: 'paused',
}

/** Has the cloud what is wanted? */
export const satisfies = (wanted: DesiredMachine, power: SeenPower): boolean => fulfilled[wanted.power].includes(power)

const fulfilled: Record<Power, readonly SeenPower[]> = {
  on: ['running'],
  off: ['stopped', 'absent'],
  cut: ['stopped', 'absent'],
  paused: ['paused'],
  suspended: ['suspended'],
  'as-is': seenPowers,
  gone: ['absent'],
}

/**
 * A foreign cloud behind the connector port. What is wanted is written down before anything is called; a launch carries our id as its
 * token, so that however often its answer is lost it makes one instance; nothing is taken for gone because a listing lacks it.
 */
export function simulatedCloud(
  cloud: ForeignCloud,
  memory: Memory,
  { reboot = true }: { readonly reboot?: boolean } = {},
): Connector {
  const supported = { supported: true }
  const capabilities: Capabilities = {
    reboot: { supported: reboot },
    pause: { supported: false },
    suspend: { supported: false },
    console: { supported: false },
    consoleLog: supported,
  }

  /** Machines that the pages of this walk showed; after a restart in its middle the rest is asked for one by one. */
  const walked = new Set<string>()

  /** Moves the cloud one call towards what is wanted. */
  async function pursue(remembered: Remembered): Promise<Result<Remembered>> {
    const { wanted } = remembered
    if (wanted.power === 'paused' || wanted.power === 'suspended')
      return refuse('unsupported', 'this cloud can neither pause nor suspend machines; stop them instead')
    if (wanted.power === 'gone') {
      if (remembered.remote === null) {
        // A launch may be under way whose answer was lost: its token tells, and what it finds or makes is removed.
        if (!remembered.launched) return ok(remembered)
        const found = await cloud.run(wanted.id, { [ownTag]: wanted.id })
        if (!found.ok) return found
        return pursue(await keep({ ...remembered, remote: found.value.id }))
      }
      const gone = await cloud.terminate(remembered.remote)
      return gone.ok || gone.fault.code === 'not_found' ? ok(remembered) : gone
    }
    if (remembered.remote === null) {
      if (wanted.power !== 'on' && !remembered.launched) return ok(remembered)
      const made = await cloud.run(wanted.id, { [ownTag]: wanted.id })
      if (!made.ok) return made
      return pursue(await keep({ ...remembered, remote: made.value.id }))
    }
    const now = await cloud.describe(remembered.remote)
    if (!now.ok) return now.fault.code === 'not_found' ? ok(remembered) : now
    const power = powers[now.value.state]
    if (power === undefined || satisfies(wanted, power)) return ok(remembered)
    const done = await (wanted.power === 'on' ? cloud.start(remembered.remote) : cloud.stop(remembered.remote))
    return done.ok ? ok(remembered) : done
  }

  async function keep(remembered: Remembered): Promise<Remembered> {
    await memory.put(remembered.wanted.id, remembered)
    return remembered
  }

  async function factOf(id: string, listed: ReadonlyMap<string, Instance>): Promise<Result<Observed | null>> {
    const remembered = await memory.get(id)
    if (!remembered) return ok(null)
    const { wanted, remote } = remembered
    let power: SeenPower | undefined = remote === null ? 'absent' : undefined
    if (remote !== null) {
      const shown = listed.get(remote)
      // A listing that lacks it says nothing: asked by its id it is there, or it is not.
      const found = shown ? ok(shown) : await cloud.describe(remote)
      if (!found.ok && found.fault.code !== 'not_found') return found
      power = found.ok ? powers[found.value.state] : 'absent'
    }
    if (power === undefined) return ok(null)
    const applied =
      satisfies(wanted, power) && (wanted.power !== 'on' || remote !== null) ? wanted.generation : remembered.applied
    if (applied !== remembered.applied) await keep({ ...remembered, applied })
    return ok({ kind: 'machine', id: wanted.id, found: { applied, power, addresses: [] } })
  }

  return {
    capabilities: async () => capabilities,

    async ensure(machine) {
      const before = await memory.get(machine.id)
      if (before && before.wanted.generation > machine.generation) return ok('accepted')
      const launched = machine.power === 'on' || before?.launched === true
      const remembered = await keep({ applied: -1, remote: null, ...before, wanted: machine, launched })
      const pursued = await pursue(remembered)
      return pursued.ok ? ok('accepted') : pursued
    },

    async act({ id, machine }) {
      if (!capabilities.reboot.supported)
        return refuse('unsupported', 'this cloud cannot reset machines; stop and start it instead')
      if (await memory.outcome(id)) return ok('accepted')
      const remembered = await memory.get(machine)
      if (!remembered?.remote) return refuse('not_found', `there is no machine ${machine} there`)
      const done = await cloud.reboot(remembered.remote, id)
      if (!done.ok && ['unavailable', 'throttled', 'internal'].includes(done.fault.code))
        return refuse('unavailable', done.fault.message)
      await memory.end(id, done.ok ? ok('') : done)
      return ok('accepted')
    },

    async observe(cursor) {
      const page = await cloud.list(cursor === null || cursor === '' ? null : cursor)
      // A marker that the cloud has forgotten: from the start.
      if (!page.ok) return page.fault.code === 'invalid' && cursor !== null ? this.observe(null) : page
      const listed = new Map(page.value.instances.map(instance => [instance.id, instance]))
      const ours = page.value.instances.flatMap(instance => instance.tags[ownTag] ?? [])
      const last = page.value.marker === null
      if (cursor === null || cursor === '') walked.clear()
      for (const id of ours) walked.add(id)
      const others = last ? (await memory.all()).filter(id => !walked.has(id)) : []
      const facts: Observed[] = []
      for (const id of [...ours, ...others]) {
        const fact = await factOf(id, listed)
        if (!fact.ok) return fact
        if (fact.value) facts.push(fact.value)
      }
      if (last)
        for (const id of await memory.commands()) {
          const outcome = await memory.outcome(id)
          if (outcome) facts.push({ kind: 'command', id, outcome })
        }
      return ok({ facts, cursor: page.value.marker ?? '', complete: last })
    },
  }
}

/** A memory that outlives connectors, for tests. */
export function memoryOf(): Memory {
  const machines = new Map<string, Remembered>()
  const ended = new Map<string, Result<string>>()
  return {
    get: async machine => machines.get(machine) ?? null,
    put: async (machine, remembered) => void machines.set(machine, remembered),
    outcome: async command => ended.get(command) ?? null,
    end: async (command, outcome) => void ended.set(command, outcome),
    all: async () => [...machines.keys()],
    commands: async () => [...ended.keys()],
  }
}
