// Plain JavaScript without dependencies, see bootstrap.mjs.
import { accessSync, constants, existsSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import process from 'node:process'

/** Where root's tools are, also when the caller's PATH leaves them out (`su` without `-`). */
const systemPath = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin']

/** @param {string} name */
export function isInstalled(name) {
  return [...(process.env.PATH ?? '').split(delimiter), ...systemPath].some(folder => {
    try {
      accessSync(join(folder, name), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

const libvirtDriver = 'libvirt/connection-driver/libvirt_driver_qemu.so'
const hasLibvirtDriver = () =>
  existsSync('/usr/lib') && readdirSync('/usr/lib').some(folder => existsSync(join('/usr/lib', folder, libvirtDriver)))

const hasModule = (/** @type {string} */ name) => existsSync(`/usr/lib/python3/dist-packages/${name}`)

/** Is the machine's init systemd? Only then do its units and their postinst scripts do something. */
export const hasSystemd = () => existsSync('/run/systemd/system')

/**
 * Debian packages and how to see without dpkg that they are there, so that the same programs from elsewhere count, too.
 * @typedef {{ package: string, present: () => boolean }} Need
 */

/** What a host of machines needs. @type {readonly Need[]} */
export const hostNeeds = [
  { package: 'qemu-system-x86', present: () => isInstalled('qemu-system-x86_64') },
  { package: 'qemu-utils', present: () => isInstalled('qemu-img') },
  { package: 'ovmf', present: () => existsSync('/usr/share/OVMF') },
  { package: 'libvirt-daemon', present: () => isInstalled('libvirtd') },
  { package: 'libvirt-daemon-driver-qemu', present: hasLibvirtDriver },
  { package: 'libvirt-daemon-system', present: () => !hasSystemd() || existsSync('/lib/systemd/system/libvirtd.service') },
  { package: 'dnsmasq-base', present: () => isInstalled('dnsmasq') },
  { package: 'nftables', present: () => isInstalled('nft') },
  { package: 'conntrack', present: () => isInstalled('conntrack') },
  { package: 'iproute2', present: () => isInstalled('ip') },
  { package: 'openssh-client', present: () => isInstalled('ssh') },
]

/** What `sirocco audit-host` reads a host by, which does without the agent's own ways. @type {readonly Need[]} */
export const auditNeeds = [{ package: 'libvirt-clients', present: () => isInstalled('virsh') }]

/** What building the small boot image needs. @type {readonly Need[]} */
export const imageNeeds = [
  { package: 'fdisk', present: () => isInstalled('sfdisk') },
  { package: 'cpio', present: () => isInstalled('cpio') },
  { package: 'kmod', present: () => isInstalled('modinfo') },
  { package: 'e2fsprogs', present: () => isInstalled('mkfs.ext4') },
]

/** What only the tests use: the clients and the browser that they drive, and others' readers of what we write. @type {readonly Need[]} */
export const testNeeds = [
  { package: 'chromium', present: () => isInstalled('chromium') || isInstalled('google-chrome') },
  { package: 'awscli', present: () => isInstalled('aws') },
  { package: 'python3-boto3', present: () => hasModule('boto3') },
  { package: 'xorriso', present: () => isInstalled('xorriso') },
  { package: 'libarchive-tools', present: () => isInstalled('bsdtar') },
  { package: 'p7zip-full', present: () => isInstalled('7z') },
  { package: 'ipmitool', present: () => isInstalled('ipmitool') },
  { package: 'openipmi', present: () => isInstalled('ipmi_sim') },
]

/** @param {readonly Need[]} needs */
export const missing = needs => needs.filter(need => !need.present()).map(need => need.package)
