import { setTimeout as pause } from 'node:timers/promises'
import { seeded } from '@sirocco/shared/kit/random.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Box, openBox, whyNotReal } from '../support/box.ts'
import { Instance } from '../support/instance.ts'
import { kill } from '../support/kill.ts'
import { until } from '../support/until.ts'
import { Fleet, type Op } from './fleet.ts'
import { HaltingAgent } from './halting-agent.ts'
import { hollowImage } from './hollow-image.ts'
import { killAtPoint } from './kill-at-point.ts'
import { machinePoints, type Passing, passingsOf, withoutRepeats } from './points-passed.ts'
import { Stock } from './stock.ts'
import { clean, momentsOf, tokens, tryAll } from './trials.ts'

const whyNot = whyNotReal()
const newToken = tokens('real')
const verbs = ['create', 'reboot', 'stop', 'delete'] as const satisfies readonly Op[]

/** ms in which a guest surely hears its power button, emulated on a machine that is busy with others. */
const bootMs = 15_000

/** Passed by an agent that was just started only, or that has to fetch its image: simulated hosts are killed there. */
const fresh = /^(journal\.replace|outbox\.replace|port\.storage\.keep)\./

/** ms for all kills of one test on a busy machine. */
const atMost = 15 * 60_000

describe.skipIf(whyNot !== null)(`real machines${whyNot === null ? '' : ` (${whyNot})`}`, { timeout: atMost }, () => {
  let box: Box
  let instance: Instance
  /** Has a machine of its own, and brings libvirtd back. */
  let bystander: Instance
  let theirs = ''
  /** What machines are made of that come and go without being asked for anything. */
  let hollow = ''
  let theirQemu: number[] = []

  beforeAll(async () => {
    box = await openBox()
    bystander = await Instance.start({ box, name: 'bystander' })
    instance = await Instance.start({ box, name: 'killed' })
    hollow = await hollowImage(instance)
    const beside = new Fleet(bystander)
    theirs = await beside.settled('create', 'beside', null)
    theirQemu = qemuOf(theirs)
  })
  afterAll(async () => {
    await instance?.dispose()
    await bystander?.dispose()
    await box?.close()
  })
  const qemuOf = (machine: string) =>
    box
      .processes()
      .filter(({ words }) => words.some(word => word.startsWith('guest=') && word.includes(machine)))
      .map(({ pid }) => pid)
  function killLibvirtd(): void {
    for (const { pid, words } of box.processes()) if (/(^|\/)libvirtd$/.test(words[0] ?? '')) kill(pid)
  }
  // The libvirtd that was killed may not be back yet.
  const auditClean = async () => clean(await until('an audit', () => instance.audit(15)))

  test('libvirtd is killed at each crash point of the agent', async () => {
    await instance.stop()
    await instance.start(['--no-agent'])
    const agent = new HaltingAgent(box, instance)
    await agent.start()
    const fleet = new Fleet(instance)
    const stock = new Stock(fleet, newToken, bootMs)
    const lane = { agent, fleet, stock }
    const halted = new Fleet(instance, { image: hollow })
    const hollows = { fleet: halted, stock: new Stock(halted, newToken, 0) }
    const laneOf = (op: Op) => (op === 'create' || op === 'delete' ? hollows : lane)
    try {
      const passings: Passing[] = []
      await stock.fill(2)
      for (const op of verbs) passings.push(...(await passingsOf(op, lane, 1)).filter(({ n }) => n === 1))
      const passed = new Set(passings.map(({ point }) => point))
      expect([...passed].sort()).toEqual(machinePoints.filter(point => !fresh.test(point)).sort())

      const rows = withoutRepeats(passings)
      const of = (verb: Op) => rows.filter(({ op }) => op === verb)
      const [creates, reboots, stops, deletes] = [of('create'), of('reboot'), of('stop'), of('delete')]
      // They come up while others are killed.
      await stock.fill(stops.length)
      const pairs = Array.from({ length: Math.max(creates.length, deletes.length) }, (_, at) => [
        creates[at] ?? { op: 'create' as const, point: 'port.compute.start.before', n: 1 },
        ...(deletes[at] ? [deletes[at]] : []),
      ]).flat()
      const failures = await tryAll(
        [lane],
        [...pairs, ...reboots, ...stops],
        ({ op, point }) => `libvirtd at ${op}'s ${point}`,
        passing => {
          const { fleet, stock } = laneOf(passing.op)
          return killAtPoint(passing, {
            agent,
            fleet,
            subject: () => stock.subject(passing.op),
            async strike() {
              killLibvirtd()
              agent.goOn()
            },
            async check(machine) {
              // Its deletion comes next, and is looked at.
              if (passing.op === 'create') stock.add(machine)
              else await auditClean()
            },
          })
        },
      )
      expect(failures).toEqual([])
    } finally {
      await agent.kill()
    }
  })

  test('any part is killed between accepted and done', async () => {
    await instance.stop()
    await instance.start()
    const fleet = new Fleet(instance, { image: hollow })
    const moments = momentsOf(seeded(12), 12, ['agent', 'libvirtd', 'workerd', 'all'], ['create', 'cut', 'delete'])
    let machine: string | null = null
    const failures = await tryAll(
      [fleet],
      moments,
      ({ op, part, ms }) => `${op}, ${part} killed after ${ms} ms`,
      async ({ op, part, ms }) => {
        const subject: string | null = op === 'create' ? null : machine
        const token = newToken()
        await fleet.insist(op, token, subject)
        await pause(ms)
        if (part === 'libvirtd') killLibvirtd()
        else await instance.kill(part)
        if (part === 'all') await instance.start()
        machine = await fleet.settled(op, token, subject)
        await auditClean()
      },
    )
    expect(failures).toEqual([])
  })

  test('an instance beside has not noticed', async () => {
    expect(qemuOf(theirs)).toEqual(theirQemu)
    expect(theirQemu).toHaveLength(1)
    expect(await bystander.audit()).toEqual([])
  })
})
