import { describe, expect, test } from 'vitest'
import { nested, pairsOf, queryLimits } from './query.ts'
import { Refusal } from './refusal.ts'

const parse = (text: string) => nested(pairsOf(text))
const refused = (text: string) => {
  try {
    parse(text)
    return 'accepted'
  } catch (error) {
    return error instanceof Refusal ? error.code : 'thrown'
  }
}

describe('the Query protocol', () => {
  test('nests names by their dots and lists by their numbers', () => {
    expect(parse('Filter.1.Name=tag%3AName&Filter.1.Value.2=b&Filter.1.Value.1=a+c&Action=DescribeInstances')).toEqual({
      Filter: [{ Name: 'tag:Name', Value: ['a c', 'b'] }],
      Action: 'DescribeInstances',
    })
  })
  test('orders by number, not by text, and counts from 0 as well as from 1', () => {
    expect(parse('A.10=k&A.9=j&A.2=c')).toEqual({ A: ['c', 'j', 'k'] })
    expect(parse('Tag.0.Key=a&Tag.1.Key=b')).toEqual({ Tag: [{ Key: 'a' }, { Key: 'b' }] })
  })
  test('keeps what is empty, and takes a name without = as empty', () => {
    expect(parse('A=&B')).toEqual({ A: '', B: '' })
  })
  test.each([
    ['a value twice', 'A=1&A=2'],
    ['a value beside a structure', 'A=1&A.B=2'],
    ['a structure beside a value', 'A.B=1&A=2'],
    ['a list that is a structure', 'A.1=1&A.B=2'],
    ['broken escapes', 'A=%zz'],
    ['escapes that are not UTF-8', 'A=%ff'],
    ['empty names', '=1'],
    ['empty steps', 'A..B=1'],
    ['names of no parameter', '__proto__.x=1'],
    ['deep names', `${Array.from({ length: queryLimits.depth + 1 }, () => 'A').join('.')}=1`],
    ['long names', `${'A'.repeat(queryLimits.name + 1)}=1`],
    ['too many parameters', Array.from({ length: queryLimits.count + 1 }, (_, i) => `A.${i}=1`).join('&')],
  ])('refuses %s', (_what, text) => {
    expect(refused(text)).toBe('MalformedQueryString')
  })
  test('gives names of Object no meaning', () => {
    expect(Object.hasOwn(parse('constructor=1'), 'constructor')).toBe(true)
    expect(Object.getPrototypeOf(parse('constructor.prototype=1'))).toBe(Object.prototype)
  })
})
