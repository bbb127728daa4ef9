import { constants } from 'node:fs'
import { access, readFile } from 'node:fs/promises'
import { availableParallelism, hostname } from 'node:os'
import { processStat } from '@sirocco/shared/kit/process-stat.ts'
import { KiB } from '@sirocco/shared/kit/units.ts'

/** As QEMU and libvirt name them. */
const architectures: Readonly<Record<string, string>> = {
  x64: 'x86_64',
  arm64: 'aarch64',
  ppc64: 'ppc64le',
  s390x: 's390x',
  riscv64: 'riscv64',
}

export const architecture = (): string => architectures[process.arch] ?? process.arch

/**
 * Whether guests run on hardware. A `/dev/kvm` that opens is not enough: some sandboxes offer one on a processor without
 * virtualisation, where guests hang in their first instructions; there /proc/cpuinfo shows neither vmx nor svm.
 */
export function accelerationOf(host: { kvmOpens: boolean; architecture: string; cpuinfo: string }): 'hardware' | 'emulated' {
  if (!host.kvmOpens) return 'emulated'
  if (host.architecture !== 'x86_64') return 'hardware'
  return /^flags\s*:.*\b(vmx|svm)\b/m.test(host.cpuinfo) ? 'hardware' : 'emulated'
}

export async function acceleration(): Promise<'hardware' | 'emulated'> {
  const kvmOpens = await access('/dev/kvm', constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  )
  return accelerationOf({ kvmOpens, architecture: architecture(), cpuinfo: await readFile('/proc/cpuinfo', 'utf8') })
}

/** MiB of all memory. libvirt's own figure leaves out memory that was added while the host ran. */
export function memoryMiBOf(meminfo: string): number {
  const kibibytes = /^MemTotal:\s+(\d+) kB$/m.exec(meminfo)?.[1]
  return kibibytes === undefined ? 0 : Math.floor(Number(kibibytes) / KiB)
}

/** What of a host the kernel says. */
export const hostFacts = async () => ({
  name: hostname(),
  architecture: architecture(),
  bootId: (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim(),
  cpus: availableParallelism(),
  memoryMiB: memoryMiBOf(await readFile('/proc/meminfo', 'utf8')),
})

/** When a process was started, in clock ticks since the host's boot; null when there is none such. */
export async function startOf(pidFile: string): Promise<string | null> {
  try {
    const pid = (await readFile(pidFile, 'utf8')).trim()
    if (!/^\d{1,10}$/.test(pid)) return null
    return processStat(await readFile(`/proc/${pid}/stat`, 'utf8'))?.started ?? null
  } catch {
    return null
  }
}
