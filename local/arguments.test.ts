import { describe, expect, it } from 'vitest'
import { readArguments } from './arguments.ts'

const read = (...args: string[]) => readArguments(args, '/home/me')

describe('the arguments of npm start', () => {
  it('have defaults that a newcomer needs not know', () => {
    expect(read('--host-name', 'here')).toEqual({
      ok: true,
      value: {
        data: '/home/me/.sirocco',
        port: 8787,
        hostName: 'here',
        simulated: 0,
        agent: true,
        yes: false,
        region: 'local-1',
      },
    })
  })

  it('take a number of simulated hosts or leave it at one', () => {
    const simulated = (...args: string[]) => {
      const options = read(...args)
      return options.ok && options.value !== 'help' ? [options.value.simulated, options.value.port] : 'refused'
    }
    expect(simulated('--simulated')).toEqual([1, 8787])
    expect(simulated('--simulated', '3', '--port', '9000')).toEqual([3, 9000])
    expect(simulated('--simulated=5')).toEqual([5, 8787])
    expect(simulated('--simulated', '--port', '9000')).toEqual([1, 9000])
    expect(simulated('--simulated', '0')).toBe('refused')
    expect(simulated('--simulated=many')).toBe('refused')
  })

  it.each([
    [['--port', '65535'], /--port takes a number/],
    [['--port', '80x'], /--port takes a number/],
    [['--prot', '80'], /Unknown option/],
    [['--listen', 'example.org'], /--listen takes an address/],
    [['--listen', '192.0.2.1', '--tls-cert', 'a'], /go together/],
    [['--tls-cert', 'a', '--tls-key', 'b'], /is for --listen/],
    [['--data', ''], /--data takes a directory/],
    [['--region', 'Here'], /--region takes/],
    [['--host-name', '-rf'], /./],
    [['start'], /./],
  ])('are refused with a sentence where they make no sense: %j', (args, sentence) => {
    const options = read(...args)
    expect(options.ok).toBe(false)
    expect(!options.ok && options.fault.message).toMatch(sentence)
  })
})
