import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { ok } from '@sirocco/shared/kit/fault.ts'
import { describe, expect, test } from 'vitest'
import { type AskRanged, backupObjectsBy } from './objects.ts'

function answer(status: number, text: string): IncomingMessage {
  const message = new IncomingMessage(new Socket())
  message.statusCode = status
  message.push(text)
  message.push(null)
  return message
}

function objects(...statuses: readonly number[]) {
  const left = [...statuses]
  const pauses: number[] = []
  const ask: AskRanged = async () => {
    const status = left.shift()
    if (status === undefined) throw new Error('the connection broke')
    return answer(status, status === 200 ? '{}' : 'no')
  }
  const put = () =>
    backupObjectsBy(ask, async ms => pauses.push(ms)).put('bak_1', { level: 0, index: 0 }, Buffer.alloc(1), 'a'.repeat(64))
  return { put, pauses, left }
}

describe('an object of a backup', () => {
  test('is put again, later each time, while the store does not answer', async () => {
    const at = objects(503, 429, 200)
    expect(await at.put()).toEqual(ok(undefined))
    expect(at.pauses).toEqual([250, 1_000])
  })

  test('is given up after some time', async () => {
    const at = objects()
    expect(await at.put()).toMatchObject({ ok: false, fault: { code: 'unavailable' } })
    expect(at.pauses).toEqual([250, 1_000, 4_000, 15_000])
  })

  test('that is not wanted any more is given up at once', async () => {
    const at = objects(404)
    expect(await at.put()).toMatchObject({ ok: false, fault: { code: 'precondition' } })
    expect(at.pauses).toEqual([])
  })
})
