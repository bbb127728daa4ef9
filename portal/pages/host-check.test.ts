import { describe, expect, it } from 'vitest'
import { ratioOf, tagsOf, textOfTags } from './host-check.ts'

describe('what is said of a host', () => {
  it('reads ratios as people type them', () => {
    expect([ratioOf('1.5'), ratioOf(' 8 '), ratioOf('0,5')]).toEqual([1.5, 8, 0.5])
    expect([ratioOf(''), ratioOf('0'), ratioOf('65'), ratioOf('x'), ratioOf('1.5.1')]).toEqual(Array(5).fill(null))
  })
  it('reads the tags that it writes', () => {
    const tags = { rack: '7', disk: 'ssd=fast', empty: '' }
    expect(tagsOf(textOfTags(tags))).toEqual(tags)
    expect(tagsOf(' rack = 7 \n\n')).toEqual({ rack: '7' })
    expect(tagsOf('')).toEqual({})
    expect([tagsOf('rack'), tagsOf('=7'), tagsOf('aws:x=1'), tagsOf(`k=${'v'.repeat(257)}`)]).toEqual(Array(4).fill(null))
  })
})
