import { chmod, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { hasEnded, processStat } from '@sirocco/shared/kit/process-stat.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { z } from 'zod'
import type { Run } from '../programs/run.ts'
import { type DnsmasqFiles, type DnsmasqPaths, stepOf } from './dnsmasq.ts'

const Told = z.strictObject({ conf: z.string(), dhcp: z.string(), names: z.string() })

/** Between two looks whether a dnsmasq has ended. Milliseconds. */
const look = 10

const argument = (paths: DnsmasqPaths) => `--conf-file=${paths.conf}`

const isOurs = async (pid: string, paths: DnsmasqPaths): Promise<boolean> =>
  (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0').includes(argument(paths))

/**
 * The running dnsmasq of these paths. Only a process that was started with our very file counts, whatever the pid file says; where
 * that is of no use, all processes are looked through, since a lost one would hold the network's address for ever.
 */
async function running(paths: DnsmasqPaths): Promise<number | null> {
  const noted = (await readFile(paths.pid, 'utf8').catch(() => '')).trim()
  if (/^[1-9]\d{0,9}$/.test(noted) && (await isOurs(noted, paths))) return Number(noted)
  for (const pid of await readdir('/proc')) if (/^\d+$/.test(pid) && (await isOurs(pid, paths))) return Number(pid)
  return null
}

/** Gone, or only waiting to be reaped: then its sockets are closed, which its removed pid file or empty command line do not tell. */
async function isGone(pid: number): Promise<boolean> {
  const stat = processStat(await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ''))
  return stat === undefined || hasEnded(stat)
}

async function lastTold(paths: DnsmasqPaths): Promise<DnsmasqFiles | null> {
  try {
    return Told.parse(JSON.parse(await readFile(paths.told, 'utf8')))
  } catch {
    return null
  }
}

function signal(pid: number, name: 'SIGTERM' | 'SIGKILL' | 'SIGHUP'): void {
  try {
    process.kill(pid, name)
  } catch {
    // Gone meanwhile: what the signal was for is reached, or the next look starts it again.
  }
}

/** Ends the dnsmasq of these paths, if one runs. */
export async function stopDnsmasq(paths: DnsmasqPaths): Promise<void> {
  const pid = await running(paths)
  if (pid === null) return
  signal(pid, 'SIGTERM')
  for (let waited = 0; waited < limits.dnsmasqEnd; waited += look) {
    if (await isGone(pid)) return
    await pause(look)
  }
  signal(pid, 'SIGKILL')
  await pause(look)
}

/** It reads its hosts again as its own user, so files must be readable, and are whole at every moment. */
async function write(path: string, content: string): Promise<void> {
  await writeFile(`${path}.new`, content, { mode: 0o644 })
  await rename(`${path}.new`, path)
}

/** Brings a network's dnsmasq to what `files` say: nothing, SIGHUP, or a new start. What it was told is noted after it was. */
export async function serveDnsmasq(run: Run, paths: DnsmasqPaths, files: DnsmasqFiles): Promise<Result<void>> {
  const pid = await running(paths)
  const step = pid === null ? 'restart' : stepOf(await lastTold(paths), files)
  if (step === 'nothing') return ok(undefined)
  await mkdir(paths.dir, { recursive: true, mode: 0o755 })
  await chmod(paths.dir, 0o755)
  for (const name of ['conf', 'dhcp', 'names'] as const) await write(paths[name], files[name])
  if (step === 'reread' && pid !== null) signal(pid, 'SIGHUP')
  else {
    await stopDnsmasq(paths)
    await rm(paths.leases, { force: true })
    const ran = await run('dnsmasq', [argument(paths)])
    if (ran.code !== 0)
      return refuse('internal', "the network's DHCP and DNS did not start", { detail: ran.stderr.slice(0, 2_000) })
  }
  await write(paths.told, JSON.stringify(files))
  return ok(undefined)
}

/** Whether any user may pass down to a directory. */
async function passable(dir: string): Promise<boolean> {
  const there = await stat(dir).catch(() => null)
  if (there && (there.mode & 0o001) === 0) return false
  return dirname(dir) === dir || passable(dirname(dir))
}

/** The user dnsmasq runs as: its own, else nobody; root only where neither could read its hosts again. */
export async function dnsmasqUser(dir: string): Promise<string> {
  if (!(await passable(dir))) return 'root'
  const users = await readFile('/etc/passwd', 'utf8').catch(() => '')
  return /^dnsmasq:/m.test(users) ? 'dnsmasq' : 'nobody'
}
