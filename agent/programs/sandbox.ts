import { spawn } from 'node:child_process'
import { getuid } from 'node:process'
import { limits } from '@sirocco/shared/model/limits.ts'
import type { Ran } from './run.ts'

/** Passes by what files' modes say, to read only. */
const reading = '+dac_read_search'

/** Passes by what files' modes say, to write as well. */
const changing = '+dac_override'

/** Nobody: owns nothing on a host but what is given for the purpose. */
export const nobody = 65_534

export interface Confined {
  /** Of each file that it writes, in bytes. */
  readonly fileBytes: number
  /** Milliseconds. */
  readonly timeout: number
  readonly signal?: AbortSignal
  /** It may read files of the host that are root's alone: disks. Still it writes nothing but where nobody may, and reaches no network. */
  readonly reads?: boolean
  /** It changes files of the host that are root's alone: disks. It ends with this process, and reaches no network. */
  readonly changes?: boolean
  /** It reaches the host's network, and ends with this process. */
  readonly network?: boolean
  /** Hears what it prints, as it comes. */
  readonly heard?: (text: string) => void
}

/** Runs a program on bytes that anybody may have made. */
export type RunConfined = (program: string, args: readonly string[], how: Confined) => Promise<Ran>

/**
 * The words before a program that confine it: limits of address space, processor time, file size and open files; as root also a network,
 * mounts, processes and inter-process communication of its own, as nobody, without any capability or a way to gain one.
 */
export function confinement(
  { fileBytes, reads = false, changes = false, network = false }: Pick<Confined, 'fileBytes' | 'reads' | 'changes' | 'network'>,
  root: boolean,
): readonly string[] {
  const limited = [
    'prlimit',
    `--as=${changes || network ? limits.mergeMemory : limits.convertMemory}`,
    `--cpu=${Math.ceil(limits.convertCpu / 1_000)}`,
    `--fsize=${fileBytes}`,
    // A connection each to as many servers as a Ceph has.
    `--nofile=${network ? 4_096 : 64}`,
    '--core=0',
    '--',
  ]
  const last = changes || network ? ['setpriv', '--pdeathsig', 'KILL', '--'] : []
  if (!root) return [...limited, ...last]
  const keeps = changes ? changing : reads ? reading : null
  return [
    ...limited,
    ...last,
    ...['unshare', ...(network ? [] : ['--net']), '--mount', '--ipc', '--uts', '--pid', '--fork'],
    ...[...(changes || network ? ['--kill-child'] : []), '--'],
    ...['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups', '--no-new-privs'],
    ...(keeps === null
      ? ['--inh-caps=-all', '--bounding-set=-all', '--']
      : [`--inh-caps=-all,${keeps}`, `--ambient-caps=-all,${keeps}`, `--bounding-set=-all,${keeps}`, '--']),
  ]
}

/** Of what it prints, the first so many characters are kept. */
const kept = 64_000

export const runConfined: RunConfined = (program, args, how) =>
  new Promise(resolve => {
    const [first = '', ...rest] = [...confinement(how, getuid?.() === 0), program, ...args]
    const child = spawn(first, rest, {
      stdio: ['ignore', 'pipe', 'pipe'],
      // By default each of qemu-img's up to 64 threads reserves a heap of 64 MiB of address space, of which there is a limit.
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', MALLOC_ARENA_MAX: '1' },
      // A process group of its own: ended whole.
      detached: true,
    })
    let failure: string | null = null
    const end = (why: string) => {
      failure ??= why
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
      } catch {
        // It ended meanwhile.
      }
    }
    const timer = setTimeout(() => end(`${program} took longer than ${how.timeout / 1_000} s`), how.timeout)
    const abort = () => end(`${program} was ended`)
    how.signal?.addEventListener('abort', abort, { once: true })
    if (how.signal?.aborted) abort()
    const texts = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr'] as const)
      child[name].on('data', (chunk: Buffer) => {
        const text = chunk.toString('utf8')
        how.heard?.(text)
        texts[name] = (texts[name] + text).slice(0, kept)
      })
    child.on('error', error => {
      failure = error.message
    })
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      how.signal?.removeEventListener('abort', abort)
      const why = failure ?? (signal ? `${program} was ended by ${signal}` : null)
      resolve(why === null ? { code, ...texts } : { code: null, stdout: texts.stdout, stderr: `${why} ${texts.stderr}`.trim() })
    })
  })
