import { access, constants, readFile, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { GiB } from '@sirocco/shared/kit/units.ts'
import type { Place } from '../place.ts'
import { read } from '../run.ts'
import { bad, type Finding, good, odd } from './finding.ts'

/** What a host's agent calls, and where Debian has it. */
const programs = {
  'qemu-img': 'qemu-utils',
  ip: 'iproute2',
  nft: 'nftables',
  dnsmasq: 'dnsmasq-base',
} as const
const ways = ['/usr/sbin', '/usr/bin', '/sbin', '/bin']
/** Below this, images and disks soon find no room. */
const roomWanted = 2 * GiB
/** What a control plane with some hundred agents has open. */
const filesWanted = 4_096

const isThere = (path: string, mode = constants.F_OK) =>
  access(path, mode).then(
    () => true,
    () => false,
  )

/** What of this machine keeps a hypervisor host from working. `place`: null where no agent is enrolled yet. */
export async function examineMachine(place: Place | null, data: string): Promise<Finding[]> {
  const real = place === null || place.driver.kind === 'libvirt'
  return [node(), await openFiles(), await room(place?.storage ?? data), ...(real ? await hypervisor(place) : [])]
}

const node = (): Finding =>
  Number.parseInt(process.versions.node, 10) >= 24
    ? good('node', `version ${process.versions.node}`)
    : bad('node', `version ${process.versions.node} is too old: \`npm start\` brings version 24 along`)

async function openFiles(): Promise<Finding> {
  const limits = await readFile('/proc/self/limits', 'utf8').catch(() => '')
  const soft = /^Max open files\s+(\d+|unlimited)/m.exec(limits)?.[1] ?? '0'
  return soft === 'unlimited' || Number(soft) >= filesWanted
    ? good('open files', `up to ${soft}`)
    : odd('open files', `only ${soft} at once; for many agents run \`ulimit -n 65536\` first`)
}

async function room(dir: string): Promise<Finding> {
  const stats = await statfs(dir).catch(() => null)
  if (!stats) return odd('disk', `${dir} is not there yet`)
  const free = stats.bavail * stats.bsize
  const says = `${(free / GiB).toFixed(1)} GiB free in ${dir}`
  return free >= roomWanted ? good('disk', says) : bad('disk', `${says}: make room, machines will find none`)
}

async function hypervisor(place: Place | null): Promise<Finding[]> {
  const root = process.getuid?.() === 0
  const socket = place?.driver.kind === 'libvirt' ? place.driver.socket : '/run/libvirt/libvirt-sock'
  const missing: string[] = []
  for (const [program, from] of Object.entries(programs)) {
    const found = await Promise.all(ways.map(way => isThere(join(way, program), constants.X_OK)))
    if (!found.includes(true)) missing.push(from)
  }
  return [
    root ? good('user', 'root') : bad('user', 'not root: machines need bridges and libvirt; or start with --simulated'),
    missing.length === 0
      ? good('programs', 'all there')
      : bad('programs', `missing: run \`apt-get install ${[...new Set(missing)].join(' ')}\``),
    await virtualisation(),
    await libvirt(socket),
    ...(root ? await forwarding() : []),
  ]
}

/** The device may be there where the processor cannot: then libvirt offers no KVM. */
async function virtualisation(): Promise<Finding> {
  const flags = /^flags\s*:(.*)$/m.exec(await readFile('/proc/cpuinfo', 'utf8').catch(() => ''))?.[1] ?? ''
  // Other architectures list no such flag.
  const able = process.arch !== 'x64' || /\b(vmx|svm)\b/.test(flags)
  return able && (await isThere('/dev/kvm', constants.R_OK | constants.W_OK))
    ? good('virtualisation', 'by hardware')
    : odd('virtualisation', 'none by hardware: guests are emulated, some ten times slower; turn it on in the firmware')
}

async function libvirt(socket: string): Promise<Finding> {
  const address = `qemu+unix:///system?socket=${encodeURIComponent(socket)}`
  const version = await read('virsh', ['-q', '-r', '-c', address, 'version'])
  if (version.ok) return good('libvirt', /Running hypervisor: (.*)/.exec(version.value)?.[1] ?? 'answers')
  if (version.fault.message.endsWith('not installed'))
    return odd('libvirt', 'virsh is missing, so audit-host cannot look: run `apt-get install libvirt-clients`')
  return bad('libvirt', `${socket} does not answer: run \`systemctl start libvirtd\`, or \`npm start\`, which starts one`)
}

async function forwarding(): Promise<Finding[]> {
  const chains = await read('nft', ['list', 'chains'])
  const drops = chains.ok && /hook forward [^;]*; policy drop;/.test(chains.value)
  if (!drops) return []
  const filtered = (await readFile('/proc/sys/net/bridge/bridge-nf-call-iptables', 'utf8').catch(() => '0')).trim() === '1'
  return [
    odd('forwarding', 'a chain of others drops what is forwarded (Docker, ufw): see the warnings of the host for what to run'),
    ...(filtered
      ? [
          bad(
            'br_netfilter',
            'it hands frames within a bridge to that chain, too: guests of one network do not reach each other; run `sysctl -w net.bridge.bridge-nf-call-iptables=0`',
          ),
        ]
      : []),
  ]
}
