import { spawn } from 'node:child_process'
import { limits } from '@sirocco/shared/model/limits.ts'

/** How a program ended. `code` is null when it could not be started or was ended by a signal; then `stderr` says why. */
export interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program by its arguments, never through a shell. Injected where tests replace the host. */
export type Run = (program: string, args: readonly string[], stdin?: string) => Promise<Ran>

/** Messages are parsed, so they are asked for in one language; nothing else of the agent's environment is passed on. */
const environment = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' }

/** Runs a program on this host. */
export const run: Run = (program, args, stdin = '') =>
  new Promise(resolve => {
    const child = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: environment,
      timeout: limits.program,
      killSignal: 'SIGKILL',
    })
    let failure: string | null = null
    const gather = (stream: NodeJS.ReadableStream) => {
      const chunks: Buffer[] = []
      let size = 0
      stream.on('data', (chunk: Buffer) => {
        size += chunk.length
        chunks.push(chunk)
        if (size <= limits.programOutput) return
        failure = `${program} printed more than ${limits.programOutput} bytes`
        child.kill('SIGKILL')
      })
      return () => Buffer.concat(chunks).toString('utf8')
    }
    const stdout = gather(child.stdout)
    const stderr = gather(child.stderr)
    child.on('error', error => {
      failure = error.message
    })
    child.on('error', () => end(null, null))
    child.on('close', (code, signal) => end(code, signal))
    // A daemon that the program left behind may keep its pipes open for ever.
    child.on('exit', (code, signal) => setTimeout(() => end(code, signal), limits.programDrain).unref())
    child.stdin.on('error', () => undefined)
    child.stdin.end(stdin)
    const end = (code: number | null, signal: string | null) => {
      for (const stream of [child.stdout, child.stderr]) stream.destroy()
      const why = failure ?? (signal ? `${program} was ended by ${signal}` : null)
      resolve(why === null ? { code, stdout: stdout(), stderr: stderr() } : { code: null, stdout: stdout(), stderr: why })
    }
  })
