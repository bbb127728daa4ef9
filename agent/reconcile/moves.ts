import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { isSharedPool } from '@sirocco/shared/model/volumes/states.ts'
import type { SeenMove, WantedMachine, WantedVolume } from '@sirocco/shared/wire/objects.ts'
import type { Compute, Definition } from '../ports/compute.ts'
import type { Arrival, Endpoint, Underlay } from '../ports/move.ts'
import type { Volumes } from '../ports/volumes.ts'
import type { MachineFacts, NotedPhase } from './facts.ts'
import type { Journal } from './journal.ts'
import { wireFault } from './wire-fault.ts'

interface Coming {
  readonly move: string
  readonly arrival: Arrival
  readonly endpoint: Endpoint
  close(): void
}

export interface MovesParts {
  readonly compute: Compute
  readonly volumes: Volumes
  /** Those of a machine. */
  volumesOf(machine: string): readonly WantedVolume[]
  readonly underlay: Underlay
  readonly journal: Journal
  /** For the person who waits. */
  progress(machine: string, text: string): void
}

/** Machines on their way from this host, and to it. What must outlive the agent is in the journal; who listens is not. */
export class Moves {
  readonly #parts: MovesParts
  readonly #coming = new Map<string, Coming>()
  readonly #leaving = new Map<string, AbortController>()

  constructor(parts: MovesParts) {
    this.#parts = parts
  }

  /** Is the other host of this machine's move listened for? */
  listens({ id, move }: WantedMachine): boolean {
    return this.#coming.get(id)?.move === move?.id
  }

  /** What is said of a machine's move. */
  seen({ id, move }: WantedMachine, { move: known }: MachineFacts): SeenMove | undefined {
    if (!move) return undefined
    if (known?.id === move.id && known.phase !== 'came')
      return { id: move.id, phase: known.phase, ...(known.fault ? { fault: known.fault } : {}) }
    const coming = this.#coming.get(id)
    return coming?.move === move.id ? { id: move.id, phase: 'ready', endpoint: coming.endpoint } : undefined
  }

  /** What is under way for a move that was called off ends. */
  heed({ id, move, power }: WantedMachine): void {
    if (!move || move.off || (power === 'on') === (move.offline === true)) this.#leaving.get(id)?.abort()
  }

  /** Waits for the machine as `definition` says; its disk is made. */
  async listen({ machine, ...made }: Definition): Promise<Result<void>> {
    const { move, id } = machine
    if (!move) throw new Error('impossible: nobody is listened for without a move')
    await this.#hangUp(id)
    const { compute, volumes, volumesOf } = this.#parts
    const arrival = await (move.offline ? volumes.take(volumesOf(id)) : compute.arrive({ machine, ...made }))
    if (!arrival.ok) return arrival
    let noted = false
    const open = await this.#parts.underlay.receive(move, {
      socket: name => arrival.value.socket(name),
      answer: async question => {
        const answer = await arrival.value.answer(question)
        // Before the other host hears of it, and gives up its own.
        if (arrival.value.came && !noted) {
          await this.#note(machine, 'came')
          noted = true
        }
        return answer
      },
    })
    if (!open.ok) {
      await arrival.value.close()
      return open
    }
    this.#coming.set(id, { move: move.id, arrival: arrival.value, ...open.value })
    return ok(undefined)
  }

  /** It runs here: from now on it is this host's as any other. */
  async adopt(definition: Definition): Promise<Result<void>> {
    const { machine } = definition
    const { compute } = this.#parts
    const adopted = await (machine.move?.offline ? compute.define(definition) : compute.adopt(definition))
    if (!adopted.ok) return adopted
    await this.#note(machine, 'arrived')
    await this.#hangUp(machine.id)
    return ok(undefined)
  }

  /** Takes nothing in any more; where it has arrived already, that stands. */
  async refuse(machine: WantedMachine): Promise<Result<void>> {
    const coming = this.#coming.get(machine.id)
    const settled = await (coming ? coming.arrival.close() : this.#parts.compute.abandon(machine.id))
    if (!settled.ok) return settled
    coming?.close()
    this.#coming.delete(machine.id)
    if (settled.value === 'nothing') await this.#note(machine, 'nothing')
    return ok(undefined)
  }

  /** Sends the machine to the other host; how that ended is in the journal, and whoever asks for the move decides what follows. */
  async leave(machine: WantedMachine): Promise<Result<void>> {
    const { id, move } = machine
    const { compute, volumes, volumesOf, underlay, progress } = this.#parts
    if (!move?.endpoint) throw new Error('impossible: a machine leaves for nowhere')
    await this.#note(machine, 'moving')
    const cancel = new AbortController()
    this.#leaving.set(id, cancel)
    const peer = underlay.peer(move, move.endpoint)
    try {
      const how = { progress: (percent: number) => progress(id, `moving ${percent} %`), cancel: cancel.signal }
      const shared = volumesOf(id).flatMap(({ pool, attached }) => (isSharedPool(pool.type) && attached ? [attached.device] : []))
      const departure = await (move.offline
        ? volumes.send(volumesOf(id), peer, how)
        : compute.leave(id, peer, { ...how, shared }))
      if (departure.kind === 'left') await this.#note(machine, 'left')
      else await this.#note(machine, departure.kind, departure.fault)
    } finally {
      this.#leaving.delete(id)
      await peer.close()
    }
    return ok(undefined)
  }

  /** A move that an earlier life of the agent began here, and of whose end nothing is known; one that is over by now needs no word. */
  async lost(machine: WantedMachine, facts: MachineFacts): Promise<void> {
    if (facts.move?.phase !== 'moving' || machine.move?.id !== facts.move.id || this.#leaving.has(machine.id)) return
    await this.#note(machine, 'unknown', refuse('unavailable', 'the agent was interrupted while the machine moved').fault)
  }

  /** The move is over, and the machine is here: it runs on. */
  async stay({ id, generation }: WantedMachine): Promise<Result<void>> {
    await this.#hangUp(id)
    const stayed = await this.#parts.compute.stay(id)
    if (!stayed.ok) return stayed
    await this.#parts.journal.write([{ note: 'move-over', machine: id, generation }])
    return ok(undefined)
  }

  /** What cannot come: room was refused for good. */
  async cannot(machine: WantedMachine, fault: Parameters<typeof wireFault>[0]): Promise<void> {
    await this.#hangUp(machine.id)
    await this.#note(machine, 'nothing', fault)
  }

  /** Of a machine that is not wanted here any more, or not as one that moves. */
  async forget(machine: string): Promise<void> {
    await this.#hangUp(machine)
  }

  /** Ends this life: what leaves is called off where it still can be, nobody is listened for. */
  end(): void {
    for (const cancel of this.#leaving.values()) cancel.abort()
    for (const coming of this.#coming.values()) coming.close()
  }

  async #hangUp(machine: string): Promise<void> {
    const coming = this.#coming.get(machine)
    if (!coming) return
    coming.close()
    this.#coming.delete(machine)
    await coming.arrival.close()
  }

  #note({ id, generation, move }: WantedMachine, phase: NotedPhase, fault?: Parameters<typeof wireFault>[0]): Promise<void> {
    if (!move) throw new Error('impossible: a word about no move')
    return this.#parts.journal.write([
      { note: 'move', machine: id, generation, move: move.id, phase, ...(fault ? { fault: wireFault(fault) } : {}) },
    ])
  }
}
