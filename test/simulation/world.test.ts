import { describe, expect, test } from 'vitest'
import { faultKinds } from './world/faults.ts'
import { type Outcome, runWorld } from './world/world.ts'

const seeds = Array.from({ length: 12 }, (_, i) => i + 1)
const size = { hosts: 3, steps: 30 }
const replay = (seed: number) => `npm run sim -- --seed ${seed} --hosts ${size.hosts} --steps ${size.steps}`

describe('a simulated world', () => {
  const outcomes: Outcome[] = []

  test.each(seeds)('of seed %i keeps every rule while faults last, and converges once they stop', async seed => {
    const outcome = await runWorld({ seed, ...size })
    outcomes.push(outcome)
    expect(outcome.violation, `${replay(seed)}\n${outcome.last.join('\n')}`).toBeNull()
    expect(outcome.convergedAfterMs).not.toBeNull()
  })

  test('proves something: machines ran, and faults of nearly every kind were fired', () => {
    const fired = faultKinds.filter(kind => outcomes.some(o => (o.faults[kind] ?? 0) > 0))
    expect(fired.length).toBeGreaterThanOrEqual(faultKinds.length - 2)
    expect(outcomes.reduce((sum, o) => sum + o.ran, 0)).toBeGreaterThan(seeds.length * 5)
    expect(outcomes.filter(o => o.usage > 0)).toHaveLength(seeds.length)
  })

  test('is the same again from the same seed, and another from another', async () => {
    const [first, second, third] = [
      await runWorld({ seed: 77, ...size }),
      await runWorld({ seed: 77, ...size }),
      await runWorld({ seed: 78, ...size }),
    ]
    expect(second).toEqual(first)
    expect(third.digest).not.toBe(first.digest)
  })

  test('without faults grants everything that fits, and has nothing to settle', async () => {
    const outcome = await runWorld({ seed: 5, ...size, calm: true })
    expect(outcome.violation).toBeNull()
    expect(Object.values(outcome.faults).every(n => n === 0)).toBe(true)
    expect(Object.keys(outcome.requests).every(code => ['ok', 'capacity', 'precondition', 'not_found'].includes(code))).toBe(true)
    expect(outcome.convergedAfterMs).toBeLessThanOrEqual(90_000)
  })

  test('survives a death at a crash point, and says that it came to it', async () => {
    for (const point of ['port.compute.define.after', 'commit.machines.launch.after', 'journal.append.before']) {
      const outcome = await runWorld({ seed: 3, hosts: 1, steps: 8, crashAt: { point, n: 1 } })
      expect(outcome.violation, point).toBeNull()
      expect(outcome.crashed, point).toBe(true)
    }
  })
})
