import { limits } from '@sirocco/shared/model/limits.ts'
import { expect, test } from 'vitest'
import { Lanes, type Turn } from './lanes.ts'

/** Lanes whose turns end when the test lets them. */
function held() {
  const begun: string[] = []
  const turns = new Map<string, { readonly turn: Turn; end(): void }>()
  const lanes = new Lanes(
    (id, turn) =>
      new Promise(end => {
        begun.push(id)
        turns.set(id, { turn, end })
      }),
  )
  const end = async (id: string) => {
    turns.get(id)?.end()
    await new Promise(setImmediate)
  }
  return { lanes, begun, turns, end }
}

const many = Array.from({ length: limits.agentLanes + 2 }, (_, i) => `vm_${i}`)

test('few turns at once, the others in their order as lanes become free', async () => {
  const { lanes, begun, end } = held()
  for (const id of many) lanes.wake(id)
  expect(begun).toEqual(many.slice(0, limits.agentLanes))
  await end('vm_1')
  expect(begun).toEqual(many.slice(0, limits.agentLanes + 1))
})

test('a machine that is woken during its turn has one more, and never two at once', async () => {
  const { lanes, begun, end } = held()
  for (let i = 0; i < 3; i++) lanes.wake('vm_a')
  expect(begun).toEqual(['vm_a'])
  await end('vm_a')
  expect(begun).toEqual(['vm_a', 'vm_a'])
  await end('vm_a')
  expect(begun).toEqual(['vm_a', 'vm_a'])
})

test('who waits aside leaves its lane to others, and stops waiting when it is interrupted', async () => {
  const { lanes, begun, turns } = held()
  for (const id of many) lanes.wake(id)
  const turn = turns.get('vm_0')?.turn
  if (!turn) throw new Error('the first turn has begun')
  const waiting = lanes.aside(turn, () => new Promise<'fetched'>(() => {}))
  expect(begun).toHaveLength(limits.agentLanes + 1)
  lanes.interrupt('vm_0')
  expect(await waiting).toBe('interrupted')
  expect(await lanes.aside(turn, async () => 'fetched')).toBe('fetched')
})

test('at the end nothing begins, whoever waits is interrupted, and it is over when the last turn is', async () => {
  const { lanes, begun, turns, end } = held()
  for (const id of many) lanes.wake(id)
  const turn = turns.get('vm_0')?.turn
  if (!turn) throw new Error('the first turn has begun')
  const waiting = lanes.aside(turn, () => new Promise(() => {}))
  const running = [...begun]
  let over = false
  void lanes.end().then(() => {
    over = true
  })
  expect(await waiting).toBe('interrupted')
  lanes.wake('vm_late')
  for (const id of running) {
    expect(over).toBe(false)
    await end(id)
  }
  expect(over).toBe(true)
  expect(begun).toEqual(running)
})

test('where nothing is under way it ends at once', async () => {
  await expect(held().lanes.end()).resolves.toBeUndefined()
})
