import { expect, it } from 'vitest'
import { portsOf } from './rule-ports.ts'

it('takes a port, a range of them, or all', () => {
  expect([portsOf('443'), portsOf(' 8000 - 8080 '), portsOf('')]).toEqual([
    { from: 443, to: 443 },
    { from: 8000, to: 8080 },
    { from: null, to: null },
  ])
  for (const wrong of ['http', '80-', '81-80', '65536', '1,2']) expect(portsOf(wrong), wrong).toBeNull()
})
