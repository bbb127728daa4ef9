import { execFile } from 'node:child_process'
import { second } from '@sirocco/shared/kit/clock.ts'
import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { MiB } from '@sirocco/shared/kit/units.ts'

/** No program of a host takes this long to list what it has. */
const deadline = 60 * second
const outputMax = 64 * MiB

/** What a program of this host prints. It is found and speaks the same, whatever the caller's environment. */
export const read = (program: string, args: readonly string[]): Promise<Result<string>> =>
  new Promise(resolve => {
    const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' }
    execFile(program, args, { env, timeout: deadline, maxBuffer: outputMax }, (error, stdout, stderr) => {
      if (!error) return resolve(ok(stdout))
      const missing = 'code' in error && error.code === 'ENOENT'
      const why = missing ? 'it is not installed' : (stderr.trim().split('\n').at(-1) ?? '') || error.message
      resolve(refuse('unavailable', `${program} cannot be asked: ${why}`))
    })
  })
