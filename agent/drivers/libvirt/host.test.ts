import { expect, test } from 'vitest'
import { accelerationOf, memoryMiBOf, startOf } from './host.ts'

const x86 = (flags: string, kvmOpens = true) =>
  accelerationOf({ kvmOpens, architecture: 'x86_64', cpuinfo: `flags\t\t: ${flags}\n` })

test('hardware needs both /dev/kvm and a processor that virtualises', () => {
  expect(x86('fpu vmx sse')).toBe('hardware')
  expect(x86('fpu svm')).toBe('hardware')
  expect(x86('fpu vmx', false)).toBe('emulated')
  expect(x86('fpu sse')).toBe('emulated')
  expect(x86('fpu svm_lock')).toBe('emulated')
  expect(accelerationOf({ kvmOpens: true, architecture: 'aarch64', cpuinfo: 'Features: fp' })).toBe('hardware')
})

test('memory is what the kernel says', () => {
  expect(memoryMiBOf('MemFree: 1 kB\nMemTotal:       16384000 kB\n')).toBe(16_000)
  expect(memoryMiBOf('nothing')).toBe(0)
})

test('a pid file that is missing has no start', async () => {
  expect(await startOf('/nonexistent/pid')).toBeNull()
})
