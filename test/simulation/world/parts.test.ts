import { seeded } from '@sirocco/shared/kit/random.ts'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { memoryDatabase } from './client.ts'
import { SimulatedDisk } from './disk.ts'
import { FaultCount } from './faults.ts'
import { Life, WallClock } from './life.ts'
import { SimulatedLink } from './link.ts'
import { lossyClient, noLosses } from './lossy.ts'
import { SimulatedTime } from './time.ts'

describe('simulated time', () => {
  test('fires timers in the order of their times, those of one time in the order they were armed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(50), { maxLength: 40 }), async delays => {
        const time = new SimulatedTime(1_000)
        const fired: { delay: number; i: number; at: number }[] = []
        for (const [i, delay] of delays.entries()) time.after(delay, () => fired.push({ delay, i, at: time.now() }))
        await time.run(2_000)
        expect(fired.map(f => f.i)).toEqual([...delays.keys()].sort((a, b) => (delays[a] ?? 0) - (delays[b] ?? 0) || a - b))
        expect(fired.every(f => f.at === 1_000 + f.delay)).toBe(true)
        expect(time.now()).toBe(2_000)
      }),
      { numRuns: 30 },
    )
  })
  test('waits for everything that follows from a timer before it fires the next', async () => {
    const time = new SimulatedTime(0)
    const seen: string[] = []
    time.after(1, async () => {
      for (let i = 0; i < 5; i++) await null
      seen.push('first')
    })
    time.after(1, () => seen.push('second'))
    await time.run(1)
    expect(seen).toEqual(['first', 'second'])
  })
  test('a cancelled timer does not fire', async () => {
    const time = new SimulatedTime(0)
    let fired = 0
    const timer = time.after(1, () => fired++)
    timer.cancel()
    await time.run(10)
    expect(fired).toBe(0)
  })
})

describe('a life', () => {
  test('that has ended hears nothing any more', async () => {
    const time = new SimulatedTime(0)
    const life = new Life('p', time, new WallClock(time))
    const seen: string[] = []
    void life.pause(5).then(() => seen.push('timer'))
    void life.hold(new Promise(resolve => time.after(5, () => resolve(null)))).then(() => seen.push('answer'))
    time.after(2, () => life.end())
    await time.run(20)
    expect(seen).toEqual([])
  })
  test("sees its machine's clock jump, and pauses of true length", async () => {
    const time = new SimulatedTime(0)
    const clock = new WallClock(time)
    const life = new Life('p', time, clock)
    let at = 0
    void life.pause(10).then(() => {
      at = time.now()
    })
    clock.skew = 5_000
    expect(life.timers.now()).toBe(5_000)
    await time.run(100)
    expect(at).toBe(10)
  })
})

describe('a simulated disk', () => {
  const world = () => {
    const time = new SimulatedTime(0)
    const disk = new SimulatedDisk(seeded(3))
    const life = new Life('p', time, new WallClock(time))
    return { time, disk, life, port: disk.of(life) }
  }
  test('keeps through a power cut what it answered for, and any prefix of what it did not', async () => {
    for (let cut = 0; cut < 12; cut++) {
      const { time, disk, life, port } = world()
      let answered = false
      void port.append('f', 'one\n').then(() => {
        answered = true
        return port.append('f', 'two\n')
      })
      await time.run(cut)
      const sure = answered
      life.end()
      disk.powerCut()
      const after = new Life('q', time, new WallClock(time))
      let content: string | null = null
      void disk
        .of(after)
        .read('f')
        .then(text => {
          content = text
        })
      await time.run(time.now() + 100)
      expect('one\ntwo\n'.startsWith(content ?? '')).toBe(true)
      if (sure) expect(content).toMatch(/^one\n/)
    }
  })
  test('replaces wholly or not at all', async () => {
    const seen = new Set<string | null>()
    for (let cut = 0; cut < 40; cut++) {
      const { time, disk, life, port } = world()
      void port.replace('f', 'old').then(() => port.replace('f', 'new'))
      await time.run(cut)
      life.end()
      disk.powerCut()
      void disk
        .of(new Life('q', time, new WallClock(time)))
        .read('f')
        .then(text => seen.add(text))
      await time.run(time.now() + 100)
    }
    expect([...seen].every(text => text === null || text === 'old' || text === 'new')).toBe(true)
    expect(seen.size).toBe(3)
  })
})

describe('a simulated link', () => {
  const join = () => {
    const time = new SimulatedTime(0)
    const link = new SimulatedLink(time, seeded(4))
    const heard = { agent: [] as string[], control: [] as string[] }
    const ear = (side: 'agent' | 'control') => ({
      message: (text: string) => void heard[side].push(text),
      closed: () => void heard[side].push('closed'),
    })
    return { time, link, heard, agent: link.join('agent', ear('agent')), control: link.join('control', ear('control')) }
  }
  test('carries messages in their order, each once', async () => {
    const { time, heard, agent } = join()
    const sent = Array.from({ length: 50 }, (_, i) => String(i))
    for (const text of sent) agent.send(text)
    await time.run(10_000)
    expect(heard.control).toEqual(sent)
  })
  test('loses what is under way when it is cut, and tells both sides', async () => {
    const { time, link, heard, agent } = join()
    agent.send('a')
    link.cut()
    await time.run(10_000)
    expect(heard).toEqual({ agent: ['closed'], control: ['closed'] })
  })
  test('cut half, leaves one side believing in it', async () => {
    const { time, link, heard, agent, control } = join()
    link.cutHalf('control')
    agent.send('a')
    control.send('b')
    await time.run(10_000)
    expect(heard).toEqual({ agent: [], control: ['closed'] })
  })
})

describe('a database behind a lossy network', () => {
  const world = () => {
    const time = new SimulatedTime(0)
    const inner = memoryDatabase()
    const life = new Life('p', time, new WallClock(time))
    const network = { losses: noLosses, away: false }
    const client = lossyClient(inner, { life, time, random: seeded(1), network, faults: new FaultCount() })
    const outcome = async (promise: Promise<unknown>) => {
      let said = 'nothing'
      promise.then(
        () => {
          said = 'ok'
        },
        (error: unknown) => {
          said = String(error)
        },
      )
      await time.run(time.now() + 60_000)
      return said
    }
    inner.look('CREATE TABLE t (a INTEGER PRIMARY KEY)')
    return { inner, network, client, outcome, rows: () => inner.look('SELECT a FROM t').length }
  }
  const insert = 'INSERT INTO t (a) VALUES (1)'
  test('does what it is asked when nothing is lost', async () => {
    const { client, outcome, rows } = world()
    expect(await outcome(client.batch([insert], 'write'))).toBe('ok')
    expect(rows()).toBe(1)
  })
  test.each([
    ['answer', 1],
    ['request', 0],
    ['lands', 1],
  ] as const)('tells of a lost %s the same, and %i rows are there in the end', async (kind, expected) => {
    const { client, network, outcome, rows } = world()
    network.losses = { ...noLosses, [kind]: 1 }
    expect(await outcome(client.batch([insert], 'write'))).toBe('TypeError: fetch failed')
    expect(rows()).toBe(expected)
  })
  test('refuses a whole batch when one statement of it is refused, and says which', async () => {
    const { client, outcome, rows } = world()
    expect(await outcome(client.batch([insert, insert], 'write'))).toContain('UNIQUE constraint failed: t.a')
    expect(rows()).toBe(0)
  })
})
