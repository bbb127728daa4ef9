import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { kill } from './kill.ts'

const programs = [
  'setpriv',
  'libvirtd',
  'virtlogd',
  'qemu-system-x86_64',
  'qemu-img',
  'unshare',
  'nsenter',
  'ip',
  'nft',
  'dnsmasq',
]

/** Why no test can have a libvirtd of its own here; null when it can. */
export function whyNoLibvirtd(): string | null {
  if (process.getuid?.() !== 0) return 'not root'
  const missing = programs.filter(
    name => spawnSync('which', [name], { env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' } }).status !== 0,
  )
  return missing.length ? `not installed: ${missing.join(', ')}` : null
}

/** A libvirtd, with its virtlogd, that shares no file with the system's. */
export interface PrivateLibvirtd {
  readonly socket: string
  /** Where it keeps QEMU's pid files. */
  readonly stateDir: string
  /** A folder for the test's own files, removed with the rest. */
  readonly dir: string
  /** kill −9; guests live on. */
  kill(): Promise<void>
  /** Starts it again after `kill`. */
  start(): Promise<void>
  /** The process of a guest, by its domain's name. */
  qemu(domain: string): Promise<number>
  /** Ends it with all its guests, by pid. */
  close(): Promise<void>
}

/** Mounts come first, then it sleeps for as long as the namespace is needed. */
const holder = `
mount --make-rprivate / || exit 1
for dir in /etc/libvirt /var/lib /var/log /var/cache /run; do mkdir -p "$1$dir" "$dir" && mount --bind "$1$dir" "$dir" || exit 1; done
for file in passwd group; do mount --bind "$1/$file" "/etc/$file" || exit 1; done
# A /dev/kvm that not every user of QEMU may open makes libvirt ask QEMU again at every definition what it can.
if [ -c /dev/kvm ]; then mknod -m 666 "$1/kvm" c 10 232 && mount --bind "$1/kvm" /dev/kvm || exit 1; fi
echo ready
exec sleep infinity
`

/** Whom QEMU runs as: root, to whom nothing need be handed, or as on a real host, where libvirt hands a guest's files to QEMU's own user. */
export type QemuUser = 'root' | 'libvirt-qemu'

const configuration = (user: QemuUser) => ({
  'etc/libvirt/libvirtd.conf': 'auth_unix_rw = "none"\nauth_unix_ro = "none"\nunix_sock_rw_perms = "0700"\n',
  'etc/libvirt/qemu.conf': `user = "${user}"\ngroup = "${user}"\ndynamic_ownership = ${user === 'root' ? 0 : 1}\n`,
})

/** A program that ends with us, however we end. */
const tied = (command: readonly string[], stdout: 'pipe' | 'ignore') =>
  spawn('setpriv', ['--pdeathsig', 'KILL', ...command], { stdio: ['ignore', stdout, 'ignore'] })

const exited = (child: ChildProcess) => (child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined)

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let look = 0; look < 300; look++) {
    if (await holds()) return
    await pause(50)
  }
  throw new Error(`waited in vain for ${what}`)
}

/** Starts a libvirtd of the test's own, in a mount namespace where /etc/libvirt, /var/{lib,log,cache} and /run are a temporary folder. */
export async function privateLibvirtd(user: QemuUser = 'root'): Promise<PrivateLibvirtd> {
  const dir = await mkdtemp(join(tmpdir(), 'slv-'))
  // QEMU's own user passes through to the files it is given.
  await chmod(dir, 0o711)
  for (const [name, text] of Object.entries(configuration(user))) {
    await mkdir(join(dir, name, '..'), { recursive: true })
    await writeFile(join(dir, name), text)
  }
  for (const name of ['var/lib/libvirt/images', 'var/log/libvirt', 'var/cache', 'run/lock'])
    await mkdir(join(dir, name), { recursive: true })
  // libvirt looks its compiled-in user up even where its configuration names another.
  await withUser('passwd', 'libvirt-qemu:x:64055:64055::/var/lib/libvirt:/usr/sbin/nologin')
  await withUser('group', 'libvirt-qemu:x:64055:')

  async function withUser(file: string, line: string): Promise<void> {
    const text = await readFile(`/etc/${file}`, 'utf8')
    await writeFile(join(dir, file), /^libvirt-qemu:/m.test(text) ? text : `${text}${line}\n`)
  }

  // Probing QEMU takes seconds; what one run found serves the next (libvirt sees by itself when QEMU has changed).
  const probed = join(tmpdir(), 'sirocco-test-libvirt-cache')
  if (existsSync(probed)) await cp(probed, join(dir, 'var/cache/libvirt'), { recursive: true })

  const namespace = tied(['unshare', '-m', 'sh', '-c', holder, 'sh', dir], 'pipe')
  if (namespace.stdout) await once(namespace.stdout, 'data')
  const inside = (command: string) => tied(['nsenter', '-t', String(namespace.pid), '-m', command], 'ignore')
  const socket = join(dir, 'run/libvirt/libvirt-sock')
  const stateDir = join(dir, 'run/libvirt/qemu')
  const virtlogd = inside('virtlogd')
  await until('virtlogd', () => existsSync(join(dir, 'run/libvirt/virtlogd-sock')))
  let libvirtd = inside('libvirtd')
  await until('libvirtd', () => existsSync(socket))

  const qemu = async (domain: string) => Number((await readFile(join(stateDir, `${domain}.pid`), 'utf8')).trim())
  const end = async (child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL') => {
    child.kill(signal)
    await exited(child)
  }
  return {
    socket,
    stateDir,
    dir,
    qemu,
    kill: () => end(libvirtd, 'SIGKILL'),
    async start() {
      await rm(socket, { force: true })
      libvirtd = inside('libvirtd')
      await until('libvirtd', () => existsSync(socket))
    },
    async close() {
      const guests = (await readdir(stateDir).catch(() => [])).filter(name => name.endsWith('.pid'))
      for (const guest of guests) {
        const pid = await qemu(guest.slice(0, -'.pid'.length))
        if (commandOf(pid).includes(`guest=${guest.slice(0, -'.pid'.length)}`)) kill(pid)
      }
      await end(libvirtd, 'SIGTERM')
      await end(virtlogd, 'SIGTERM')
      await end(namespace, 'SIGKILL')
      if (!existsSync(probed)) await rename(join(dir, 'var/cache/libvirt'), probed).catch(() => undefined)
      await rm(dir, { recursive: true, force: true })
    },
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}
