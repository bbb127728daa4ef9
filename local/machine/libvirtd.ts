import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { takeLock } from '../instance/lock.ts'
import { hasSystemd } from '../packages.mjs'
import { Stop } from '../stop.ts'

const execute = promisify(execFile)
/** Daemons outlive us: nothing of our environment goes with them. */
const environment = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8' }
const run = (program: string, args: readonly string[]) => execute(program, args, { env: environment, cwd: '/' })
export const libvirtSocket = '/run/libvirt/libvirt-sock'
const virtlogdSocket = '/run/libvirt/virtlogd-sock'
/** Before one that did not start is started again, in milliseconds. */
const againMs = 1_000
/** How long a daemon may take until it listens; more than a second only on a machine that is busy to its limits. */
const startMs = 15_000
const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))

const answers = (socket: string): Promise<boolean> =>
  new Promise(resolve => {
    const connection = connect(socket)
    connection.on('connect', () => {
      connection.destroy()
      resolve(true)
    })
    connection.on('error', () => resolve(false))
  })

async function untilAnswers(socket: string): Promise<boolean> {
  for (const end = performance.now() + startMs; performance.now() < end; await pause(20)) if (await answers(socket)) return true
  return false
}

/** QEMU runs as this user. libvirt looks the name up even where its configuration names another. */
async function account(): Promise<void> {
  const exists = (database: string, name: string) =>
    run('getent', [database, name]).then(
      () => true,
      () => false,
    )
  for (const group of ['kvm', 'libvirt-qemu']) if (!(await exists('group', group))) await run('groupadd', ['-r', group])
  if (!(await exists('passwd', 'libvirt-qemu'))) {
    const home = ['-d', '/var/lib/libvirt', '-s', '/usr/sbin/nologin']
    await run('useradd', ['-r', '-g', 'libvirt-qemu', ...home, 'libvirt-qemu'])
  }
  await run('usermod', ['-a', '-G', 'kvm', 'libvirt-qemu'])
}

/**
 * What udev does where it runs: the group kvm may use /dev/kvm. Where QEMU's user may not, libvirt finds its knowledge of QEMU out of date at
 * every look, and looks again for minutes.
 */
async function kvmDevice(): Promise<void> {
  if (!existsSync('/dev/kvm')) return
  await run('chgrp', ['kvm', '/dev/kvm'])
  await run('chmod', ['g+rw', '/dev/kvm'])
}

/** How long an orphan that has ended may lie there: the first process has nothing else to do. */
const reapMs = 2_000

/**
 * Whether the first process of this machine, or container, clears up what it inherits when that has ended. Where it does not (a program
 * that is no init, as process 1 of a container), libvirt waits for ever for each QEMU that it asked what it can.
 */
async function orphansAreReaped(): Promise<boolean> {
  const { stdout } = await run('sh', ['-c', 'true & echo $!'])
  const pid = Number(stdout.trim())
  for (const end = performance.now() + reapMs; performance.now() < end; await pause(20))
    if (!existsSync(`/proc/${pid}`)) return true
  return false
}

/** Without polkit; the socket is root's alone. */
const configuration = 'auth_unix_rw = "none"\nauth_unix_ro = "none"\nunix_sock_rw_perms = "0700"\nunix_sock_ro_perms = "0700"\n'

async function startOwn(folder: string): Promise<void> {
  if (!(await orphansAreReaped())) {
    throw new Stop(
      'The first process of this container is no init, which libvirt needs: start the container with one (docker run --init), or use --simulated.',
    )
  }
  for (const path of ['/var/log/libvirt/qemu', '/var/lib/libvirt/images', '/run/libvirt', folder])
    mkdirSync(path, { recursive: true })
  await account()
  await kvmDevice()
  const file = join(folder, 'libvirtd.conf')
  writeFileSync(file, configuration, { mode: 0o600 })
  if (!(await answers(virtlogdSocket))) await run('virtlogd', ['-d'])
  await run('libvirtd', ['-d', '-f', file])
}

async function start(folder: string): Promise<void> {
  if (hasSystemd()) {
    await run('systemctl', ['start', 'libvirtd'])
    return
  }
  // One of the instances on this machine starts it; the others see it answer.
  const lock = takeLock(join(folder, 'starting'))
  if (!lock.taken) return
  try {
    if (!(await answers(libvirtSocket))) await startOwn(folder)
  } finally {
    lock.release()
  }
}

/**
 * A libvirtd that answers: the system's as it is, or, where none runs, one of our own. It outlives us, as its guests do, and is shared by
 * all instances of this machine, each of which starts it again when it dies where no systemd does.
 */
export async function keepLibvirtd(folder: string, died: (sentence: string) => void): Promise<{ stop(): void }> {
  if (!(await answers(libvirtSocket))) {
    try {
      await start(folder)
    } catch (reason) {
      if (reason instanceof Stop) throw reason
      throw new Stop(`libvirtd does not start (${sentence(reason)}): see /var/log/libvirt, or use --simulated.`)
    }
    if (!(await untilAnswers(libvirtSocket)))
      throw new Stop('libvirtd does not answer: see /var/log/libvirt, or use --simulated.')
  }
  if (hasSystemd()) return { stop() {} }
  let stopped = false
  let held: Socket | undefined
  let again: NodeJS.Timeout | undefined
  // A connection that is never used ends when libvirtd does.
  const hold = () => {
    held = connect(libvirtSocket)
      .on('error', () => undefined)
      .on('close', () => void bringBack())
  }
  const bringBack = async () => {
    if (stopped) return
    if (!(await answers(libvirtSocket))) {
      died('libvirtd is gone; starting it again')
      try {
        await start(folder)
        await untilAnswers(libvirtSocket)
      } catch (reason) {
        died(`libvirtd does not start: ${sentence(reason)}`)
        again = setTimeout(bringBack, againMs)
        return
      }
    }
    if (!stopped) hold()
  }
  hold()
  return {
    stop() {
      stopped = true
      clearTimeout(again)
      held?.destroy()
    },
  }
}

const sentence = (reason: unknown): string =>
  reason instanceof Error ? (reason.message.split('\n').at(-1) ?? '') : String(reason)
