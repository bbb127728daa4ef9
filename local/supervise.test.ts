import { spawn } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { supervise } from './supervise.ts'

const node = (script: string) => () => spawn(process.execPath, ['-e', script], { stdio: 'ignore' })

describe('a supervised process', () => {
  it('is started again when it dies, and stays stopped once asked to stop', async () => {
    const deaths: string[] = []
    const supervised = supervise(node('setInterval(() => {}, 1000)'), how => deaths.push(how))
    const first = supervised.pid ?? 0
    process.kill(first, 'SIGKILL')
    await expect.poll(() => supervised.pid !== first && supervised.pid !== undefined, { timeout: 5_000 }).toBe(true)
    expect(deaths).toEqual(['SIGKILL'])
    const second = supervised.pid ?? 0
    await supervised.stop()
    expect(() => process.kill(second, 0)).toThrow()
    expect(deaths).toHaveLength(1)
  })

  it('that cannot even be started is told of', async () => {
    const deaths: string[] = []
    const supervised = supervise(
      () => spawn('/nonexistent/program'),
      how => deaths.push(how),
    )
    await expect.poll(() => deaths[0], { timeout: 5_000 }).toMatch(/ENOENT/)
    await supervised.stop()
  })
})
