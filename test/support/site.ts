import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { chmod, cp, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { kill } from './kill.ts'

const run = promisify(execFile)

/** A process of a test host, by the ids that hold outside it. */
export interface SiteProcess {
  readonly pid: number
  readonly words: readonly string[]
}

/**
 * A "physical" host: a network, mount, process and host-name namespace with a libvirtd of its own, joined to the site's underlay. Its boot
 * id and machine id are its own, as are /etc/libvirt, /run, /var/lib/{libvirt,sirocco}, and their logs and caches.
 */
export interface SiteHost {
  readonly name: string
  /** Outside: where its folders lie. */
  readonly root: string
  /** Its address on the underlay. */
  readonly address: string
  /** libvirtd's socket, as it is reached from outside. */
  readonly libvirt: string
  /** The words of a command that runs `words` in the host. */
  inside(...words: string[]): [string, ...string[]]
  processes(): SiteProcess[]
  /** A new boot id: what a reboot would show. */
  reboot(): Promise<void>
  startLibvirtd(): Promise<void>
  /** kill −9; guests live on. */
  killLibvirtd(): void
  /** Makes 127.0.0.1:`port` of this machine the host's own 127.0.0.1:`port`, until it is cut. */
  reach(port: number): Promise<void>
  /** The control plane is out of reach, or again in reach; connections there are are broken. */
  cut(off: boolean): void
  /** Power off: all that runs in it ends at once, guests too. It may boot again. */
  powerOff(): Promise<void>
  /** Up again after `powerOff`, as another boot: with libvirtd, and without networks, rules and what lay in /run. */
  boot(): Promise<void>
  /** Power off for good. */
  kill(): Promise<void>
}

export interface Site {
  readonly dir: string
  readonly hosts: readonly SiteHost[]
  /** The words of a command that runs `words` on a further machine of the underlay, which has the address `beside`. */
  outside(...words: string[]): [string, ...string[]]
  close(): Promise<void>
}

/** On the underlay, and no host: where others would have servers of theirs. */
export const beside = '192.0.2.250'

/** In each host of a site: one and the same directory. */
export const sharedDirectory = '/mnt/shared'

/** What a host has for itself. */
const rooms = ['/etc/libvirt', '/var/lib/libvirt', '/var/log/libvirt', '/var/cache/libvirt', '/var/lib/sirocco', '/run']

/** The first process of a host: mounts, then takes in the orphans of the others, as an init does. */
const init = `
mount --make-rprivate / || exit 1
hostname "$2"
for room in "\${@:3}"; do mkdir -p "$1$room" "$room" && mount --bind "$1$room" "$room" || exit 1; done
# One directory that all hosts have, where another site would mount an NFS export: here it is bound, for this kernel mounts none.
mkdir -p "$1/../shared" && mount -t tmpfs tmpfs /mnt && mkdir /mnt/shared && mount --bind "$1/../shared" /mnt/shared || exit 1
for file in etc/machine-id etc/passwd etc/group; do [ -e "/$file" ] || touch "/$file"; mount --bind "$1/$file" "/$file" || exit 1; done
# Terminals of its own: QEMU's own user may not open those of a machine that hands none out.
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts /dev/pts || exit 1
[ -L /dev/ptmx ] || mount --bind /dev/pts/ptmx /dev/ptmx || exit 1
mount --bind "$1/boot_id" /proc/sys/kernel/random/boot_id || exit 1
# A /dev/kvm that not every user of QEMU may open makes libvirt ask QEMU again at every definition what it can.
if [ -c /dev/kvm ]; then mknod -m 666 "$1/kvm" c 10 232 && mount --bind "$1/kvm" /dev/kvm || exit 1; fi
ip link set lo up
echo ready
while :; do sleep 3600 & wait $!; done
`

/** What of a host does not outlive its power. */
const bare = `
for space in $(ls /run/netns 2> /dev/null); do ip netns delete "$space"; done
for link in $(ip -o link show | sed 's/^[0-9]*: \\([^:@]*\\).*/\\1/'); do
  case $link in lo | under0) ;; *) ip link delete "$link" 2> /dev/null ;; esac
done
nft flush ruleset
grep -o ' /run/[^ ]*' /proc/mounts | sort -r | xargs -r -n 1 umount -l
rm -rf /run/* && mkdir -p /run/lock
`

const forwarder = join(import.meta.dirname, 'forward.ts')

const underlay = `
ip link add under type bridge stp_state 0 forward_delay 0 && ip link set under up && ip link set lo up || exit 1
ip address add ${beside}/24 dev under || exit 1
echo ready
exec sleep infinity
`

const holder = async (words: readonly string[]): Promise<{ child: ChildProcess; pid: number }> => {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...words], { stdio: ['ignore', 'pipe', 'ignore'] })
  if (child.stdout) await once(child.stdout, 'data')
  if (child.pid === undefined) throw new Error('a namespace could not be made')
  return { child, pid: child.pid }
}

/** Hosts `h1`, `h2` … joined by one bridge that reaches nothing else. Needs root, and what `whyNoLibvirtd` asks for. */
export async function openSite(count: number): Promise<Site> {
  const dir = await mkdtemp(join(tmpdir(), 'sirocco-site-'))
  // QEMU's own user passes through to the files it is given.
  await chmod(dir, 0o711)
  const under = await holder(['unshare', '--net', 'sh', '-c', underlay])
  const hosts: Host[] = []
  for (let n = 1; n <= count; n++) hosts.push(await Host.open(dir, n, under.pid))
  return {
    dir,
    hosts,
    outside: (...words) => ['nsenter', '-t', String(under.pid), '-n', '--', ...words],
    async close() {
      for (const host of hosts) await host.kill()
      const over = once(under.child, 'exit')
      under.child.kill('SIGKILL')
      await over
      await rm(dir, { recursive: true, force: true })
    },
  }
}

class Host implements SiteHost {
  readonly name: string
  readonly root: string
  readonly address: string
  readonly libvirt: string
  readonly #child: ChildProcess
  readonly #pid: number
  readonly #outside: string
  #server: Server | null = null
  #off = false
  readonly #open = new Set<Socket>()

  private constructor(n: number, root: string, child: ChildProcess, pid: number) {
    this.name = `h${n}`
    this.root = root
    this.address = addressOf(n)
    this.libvirt = join(root, 'run/libvirt/libvirt-sock')
    this.#outside = join(root, 'control.sock')
    this.#child = child
    this.#pid = pid
  }

  static async open(dir: string, n: number, under: number): Promise<Host> {
    const root = join(dir, `h${n}`)
    for (const room of rooms) await mkdir(join(root, room), { recursive: true })
    for (const room of ['var/log/libvirt/qemu', 'var/lib/libvirt/images', 'run/lock'])
      await mkdir(join(root, room), { recursive: true })
    for (const passed of ['', 'var', 'var/lib', 'var/lib/sirocco', 'run']) await chmod(join(root, passed), 0o755)
    await writeFile(join(root, 'boot_id'), `${randomUUID()}\n`)
    await writeFile(join(root, 'etc/machine-id'), `${randomUUID().replaceAll('-', '')}\n`)
    // libvirt looks its compiled-in user up even where its configuration names another.
    await withUser(root, 'passwd', 'libvirt-qemu:x:64055:64055::/var/lib/libvirt:/usr/sbin/nologin')
    await withUser(root, 'group', 'libvirt-qemu:x:64055:')
    await writeFile(
      join(root, 'etc/libvirt/libvirtd.conf'),
      `auth_unix_rw = "none"\nauth_unix_ro = "none"\nunix_sock_rw_perms = "0700"\nhost_uuid = "${randomUUID()}"\n`,
    )
    // Guests of the same name on two hosts would meet in the machine's one hierarchy of cgroups.
    await writeFile(join(root, 'etc/libvirt/qemu.conf'), 'cgroup_controllers = [ ]\n')
    if (existsSync(probed)) await cp(probed, join(root, 'var/cache/libvirt'), { recursive: true })

    const spaces = ['--mount', '--pid', '--uts', '--net', '--fork', '--kill-child', '--mount-proc']
    const { child, pid } = await holder(['unshare', ...spaces, 'bash', '-c', init, 'init', root, `h${n}`, ...rooms])
    const first = Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim())
    const host = new Host(n, root, child, first)
    const inNet = (...words: string[]) => run('nsenter', ['-t', String(first), '-n', ...words])
    await inNet('ip', 'link', 'add', 'under0', 'type', 'veth', 'peer', 'name', `h${n}`, 'netns', String(under))
    await inNet('ip', 'address', 'add', `${host.address}/24`, 'dev', 'under0')
    await inNet('ip', 'link', 'set', 'under0', 'up')
    await run('nsenter', ['-t', String(under), '-n', 'ip', 'link', 'set', `h${n}`, 'master', 'under', 'up'])
    await host.startLibvirtd()
    return host
  }

  inside(...words: string[]): [string, ...string[]] {
    return ['nsenter', '-t', String(this.#pid), '-m', '-p', '-u', '-n', '--', ...words]
  }

  processes(): SiteProcess[] {
    const space = spaceOf(this.#pid)
    return readdirSync('/proc')
      .filter(name => /^\d+$/.test(name) && space !== '' && spaceOf(Number(name)) === space)
      .map(name => ({ pid: Number(name), words: wordsOf(Number(name)) }))
  }

  async reboot(): Promise<void> {
    await writeFile(join(this.root, 'boot_id'), `${randomUUID()}\n`)
  }

  async startLibvirtd(): Promise<void> {
    const start = async (program: string) => {
      const [enter, ...words] = this.inside(program, '-d')
      await run(enter, words, { env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' } })
    }
    if (!this.#processesOf('virtlogd').length) await start('virtlogd')
    for (let look = 0; this.#processesOf('libvirtd').length > 0 && look < 300; look++) await pause(20)
    // One that was killed holds its pid file until all of it is gone, a while after it has a name no more.
    for (let tries = 0, up = false; !up; tries++)
      up = await start('libvirtd').then(
        () => true,
        async error => {
          if (tries > 50) throw error
          await pause(100)
          return false
        },
      )
    for (let look = 0; !existsSync(this.libvirt); look++) {
      if (look > 300) throw new Error(`libvirtd of ${this.name} does not start`)
      await pause(20)
    }
  }

  killLibvirtd(): void {
    for (const { pid } of this.#processesOf('libvirtd')) kill(pid)
  }

  async reach(port: number): Promise<void> {
    const server = createServer(inner => {
      if (this.#off) return inner.destroy()
      const outer = connect(port, '127.0.0.1')
      for (const end of [inner, outer]) {
        this.#open.add(end)
        end.on('close', () => this.#open.delete(end))
        end.on('error', () => {
          inner.destroy()
          outer.destroy()
        })
      }
      inner.pipe(outer).pipe(inner)
    })
    this.#server = server
    await new Promise<void>(resolve => server.listen(this.#outside, resolve))
    const [enter, ...words] = this.inside(process.execPath, forwarder, String(port), this.#outside)
    const child = spawn(enter, words, { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(child.stdout, 'data')
  }

  cut(off: boolean): void {
    this.#off = off
    if (off) for (const socket of this.#open) socket.destroy()
  }

  async powerOff(): Promise<void> {
    this.cut(true)
    const ends = () => this.processes().filter(({ pid, words }) => pid !== this.#pid && !words.includes(forwarder))
    for (const { pid } of ends()) kill(pid)
    for (let look = 0; ends().some(({ words }) => words.length > 0 && words[0] !== 'sleep'); look++) {
      if (look > 300) throw new Error(`${this.name} does not go off`)
      await pause(20)
    }
  }

  async boot(): Promise<void> {
    const [enter, ...words] = this.inside('bash', '-c', bare)
    await run(enter, words)
    await this.reboot()
    await this.startLibvirtd()
    this.cut(false)
  }

  async kill(): Promise<void> {
    this.cut(true)
    this.#server?.close()
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const over = once(this.#child, 'exit')
    try {
      process.kill(this.#pid, 'SIGKILL')
    } catch {
      // It ended by itself.
    }
    await over
    const cache = join(this.root, 'var/cache/libvirt')
    if (!existsSync(probed) && existsSync(join(cache, 'qemu'))) await rename(cache, probed).catch(() => undefined)
  }

  #processesOf(program: string): SiteProcess[] {
    return this.processes().filter(({ words }) => (words[0] ?? '').split('/').at(-1) === program)
  }
}

/** Probing QEMU takes seconds; what one run found serves the next (libvirt sees by itself when QEMU has changed). */
const probed = join(tmpdir(), 'sirocco-test-libvirt-cache')

const addressOf = (n: number) => `192.0.2.${n}`

async function withUser(root: string, file: string, line: string): Promise<void> {
  const text = await readFile(`/etc/${file}`, 'utf8')
  await mkdir(dirname(join(root, 'etc', file)), { recursive: true })
  await writeFile(join(root, 'etc', file), /^libvirt-qemu:/m.test(text) ? text : `${text}${line}\n`)
}

function spaceOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`)
  } catch {
    return ''
  }
}

function wordsOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').filter(Boolean)
  } catch {
    return []
  }
}
