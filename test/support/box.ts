import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { chmod, cp, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A process of this machine, by the ids that hold here. */
export interface Process {
  readonly pid: number
  readonly group: number
  readonly words: readonly string[]
}

/** Where instances run: this machine as it is, or a part of it with a libvirt, processes and files of its own. */
export interface Box {
  /** Passable for all, removed with the box. */
  readonly dir: string
  /** The words of a command that runs `words` in the box. */
  inside(...words: string[]): readonly [string, ...string[]]
  /** All processes of the box. */
  processes(): Process[]
  /** Ends everything in it. */
  close(): Promise<void>
}

/** This machine as it is: for instances that touch nothing outside their directory. */
export async function here(): Promise<Box> {
  const dir = await mkdtemp(join(tmpdir(), 'sirocco-box-'))
  return {
    dir,
    inside: (...words) => [words[0] ?? '', ...words.slice(1)],
    processes: () => processes(() => true),
    close: () => rm(dir, { recursive: true, force: true }),
  }
}

const programs = ['libvirtd', 'virtlogd', 'virsh', 'qemu-system-x86_64', 'qemu-img', 'dnsmasq', 'nft', 'unshare', 'nsenter']

/** Why no machine can be real here; null where one can. */
export function whyNotReal(): string | null {
  if (process.getuid?.() !== 0) return 'not root'
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' }
  const missing = programs.filter(name => spawnSync('which', [name], { env }).status !== 0)
  return missing.length > 0 ? `not installed: ${missing.join(', ')}` : null
}

/** What instances change on a machine, beside its network. */
const rooms = ['/etc/libvirt', '/var/lib/libvirt', '/var/log/libvirt', '/var/cache/libvirt', '/var/lib/sirocco', '/run']
/** Built once for all boxes, and for whoever runs an instance on this machine. */
const images = '/var/lib/sirocco/cache'

/** The first process of the box: mounts, then takes in the orphans of the others, as an init does. */
const init = `
mount --make-rprivate / || exit 1
# QEMU's user opens a terminal for each guest; the machine's own may be root's alone.
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620 devpts /dev/pts || exit 1
mkdir -p "$2" "$1$2" && for room in "\${@:3}"; do mkdir -p "$1$room" "$room"; done
mount --bind "$2" "$1/mnt" || exit 1
for room in "\${@:3}"; do mount --bind "$1$room" "$room" || exit 1; done
mount --move "$1/mnt" "$2" 2>/dev/null || mount --bind "$1/mnt" "$2" || exit 1
echo ready
while :; do sleep 3600 & wait $!; done
`

/** A part of this machine whose processes are all gone when it is closed; the network alone is shared. Needs root. */
export async function openBox(): Promise<Box> {
  const dir = await mkdtemp(join(tmpdir(), 'sirocco-box-'))
  await chmod(dir, 0o711)
  const root = join(dir, 'machine')
  await mkdir(join(root, 'mnt'), { recursive: true })
  // Probing QEMU takes seconds; what one run found serves the next (libvirt sees by itself when QEMU has changed).
  const probed = join(tmpdir(), 'sirocco-test-libvirt-cache')
  const cache = join(root, 'var/cache/libvirt')
  if (existsSync(probed)) await cp(probed, cache, { recursive: true })
  const holder = spawn(
    'unshare',
    ['--mount', '--pid', '--fork', '--kill-child', '--mount-proc', 'bash', '-c', init, 'init', root, images, ...rooms],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  )
  await once(holder.stdout, 'data')
  const first = Number(readFileSync(`/proc/${holder.pid}/task/${holder.pid}/children`, 'utf8').trim())
  const space = spaceOf(first)
  return {
    dir,
    inside: (...words) => ['nsenter', '-t', String(first), '-m', '-p', '--', ...words],
    processes: () => processes(pid => spaceOf(pid) === space),
    async close() {
      const over = once(holder, 'exit')
      process.kill(first, 'SIGKILL')
      await over
      if (!existsSync(probed) && (await readdir(cache).catch(() => [])).length > 0)
        await rename(cache, probed).catch(() => undefined)
      await rm(dir, { recursive: true, force: true })
    },
  }
}

function spaceOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`)
  } catch {
    return ''
  }
}

function processes(belongs: (pid: number) => boolean): Process[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number)
    .filter(belongs)
    .flatMap(pid => {
      try {
        const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').filter(Boolean)
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
        // After the program's name in parentheses: state, parent, process group.
        const group = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2])
        return words.length > 0 ? [{ pid, group, words }] : []
      } catch {
        return []
      }
    })
}
