import { describe, expect, it } from 'vitest'
import { liveCollection } from './collection.ts'

interface Row {
  readonly id: string
  readonly word: string
}

function watched() {
  const collection = liveCollection<Row>()
  const heard: string[] = []
  collection.onRow('a', () => heard.push('a'))
  collection.onRow('b', () => heard.push('b'))
  collection.onRows(() => heard.push('all'))
  return { collection, heard }
}

describe('a live collection', () => {
  it('wakes the changed row and the whole set, and no other row', () => {
    const { collection, heard } = watched()
    collection.put([{ id: 'a', word: 'one' }])
    expect(heard).toEqual(['a', 'all'])
    expect(collection.row('a')?.word).toBe('one')
  })

  it('wakes the set once for many rows', () => {
    const { collection, heard } = watched()
    collection.put([
      { id: 'a', word: 'one' },
      { id: 'b', word: 'two' },
    ])
    expect(heard).toEqual(['a', 'b', 'all'])
  })

  it('gives the same array until something changed', () => {
    const { collection } = watched()
    collection.put([{ id: 'a', word: 'one' }])
    const before = collection.rows()
    expect(collection.rows()).toBe(before)
    collection.put([{ id: 'a', word: 'two' }])
    expect(collection.rows()).not.toBe(before)
  })

  it('tells those who watch a row that it is gone, and is silent about rows that never were', () => {
    const { collection, heard } = watched()
    collection.put([{ id: 'a', word: 'one' }])
    heard.length = 0
    collection.remove(['c'])
    expect(heard).toEqual([])
    collection.remove(['a'])
    expect(heard).toEqual(['a', 'all'])
  })

  it('replaces everything, and wakes both what left and what came', () => {
    const { collection, heard } = watched()
    collection.put([{ id: 'a', word: 'one' }])
    heard.length = 0
    collection.replace([{ id: 'b', word: 'two' }])
    expect(heard).toEqual(['a', 'b', 'all'])
    expect(collection.rows().map(row => row.id)).toEqual(['b'])
  })

  it('stops calling who left', () => {
    const collection = liveCollection<Row>()
    let calls = 0
    const off = collection.onRow('a', () => calls++)
    off()
    collection.put([{ id: 'a', word: 'one' }])
    expect(calls).toBe(0)
  })
})
