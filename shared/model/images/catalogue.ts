import type { Firmware } from '../machines/states.ts'

/** One image that its makers publish for clouds. */
export interface CatalogueEntry {
  readonly id: string
  readonly name: string
  readonly description: string
  readonly architecture: 'x86_64' | 'arm64'
  readonly firmware: Firmware
  readonly url: string
  /** A file of checksums that names the image's file, beside it. */
  readonly checksums: string
}

const entry = (
  id: string,
  name: string,
  description: string,
  /** Where the image and its checksums lie. */
  folder: string,
  file: string,
  checksums: string,
): CatalogueEntry => ({
  id,
  name,
  description,
  architecture: 'x86_64',
  firmware: 'bios',
  url: `${folder}/${file}`,
  checksums: `${folder}/${checksums}`,
})

/**
 * The usual cloud images, each at its makers' own address with their own file of checksums. Those that name no build are the newest of
 * their release whenever they are fetched.
 */
export const catalogue: readonly CatalogueEntry[] = [
  entry(
    'debian-13',
    'Debian 13',
    'Trixie, generic cloud image',
    'https://cloud.debian.org/images/cloud/trixie/latest',
    'debian-13-genericcloud-amd64.qcow2',
    'SHA512SUMS',
  ),
  entry(
    'debian-12',
    'Debian 12',
    'Bookworm, generic cloud image',
    'https://cloud.debian.org/images/cloud/bookworm/latest',
    'debian-12-genericcloud-amd64.qcow2',
    'SHA512SUMS',
  ),
  entry(
    'ubuntu-26.04',
    'Ubuntu 26.04 LTS',
    'Resolute Raccoon, server',
    'https://cloud-images.ubuntu.com/releases/resolute/release',
    'ubuntu-26.04-server-cloudimg-amd64.img',
    'SHA256SUMS',
  ),
  entry(
    'ubuntu-24.04',
    'Ubuntu 24.04 LTS',
    'Noble Numbat, server',
    'https://cloud-images.ubuntu.com/releases/noble/release',
    'ubuntu-24.04-server-cloudimg-amd64.img',
    'SHA256SUMS',
  ),
  entry(
    'ubuntu-22.04',
    'Ubuntu 22.04 LTS',
    'Jammy Jellyfish, server',
    'https://cloud-images.ubuntu.com/releases/jammy/release',
    'ubuntu-22.04-server-cloudimg-amd64.img',
    'SHA256SUMS',
  ),
  entry(
    'fedora-43',
    'Fedora 43',
    'Cloud Base',
    'https://dl.fedoraproject.org/pub/fedora/linux/releases/43/Cloud/x86_64/images',
    'Fedora-Cloud-Base-Generic-43-1.6.x86_64.qcow2',
    'Fedora-Cloud-43-1.6-x86_64-CHECKSUM',
  ),
  entry(
    'almalinux-10',
    'AlmaLinux 10',
    'Generic cloud image',
    'https://repo.almalinux.org/almalinux/10/cloud/x86_64/images',
    'AlmaLinux-10-GenericCloud-latest.x86_64.qcow2',
    'CHECKSUM',
  ),
  entry(
    'almalinux-9',
    'AlmaLinux 9',
    'Generic cloud image',
    'https://repo.almalinux.org/almalinux/9/cloud/x86_64/images',
    'AlmaLinux-9-GenericCloud-latest.x86_64.qcow2',
    'CHECKSUM',
  ),
  entry(
    'rocky-10',
    'Rocky Linux 10',
    'Generic cloud image',
    'https://dl.rockylinux.org/pub/rocky/10/images/x86_64',
    'Rocky-10-GenericCloud-Base.latest.x86_64.qcow2',
    'CHECKSUM',
  ),
  entry(
    'rocky-9',
    'Rocky Linux 9',
    'Generic cloud image',
    'https://dl.rockylinux.org/pub/rocky/9/images/x86_64',
    'Rocky-9-GenericCloud-Base.latest.x86_64.qcow2',
    'CHECKSUM',
  ),
  entry(
    'alpine-3.23',
    'Alpine Linux 3.23',
    'With cloud-init',
    'https://dl-cdn.alpinelinux.org/alpine/v3.23/releases/cloud',
    'nocloud_alpine-3.23.4-x86_64-bios-cloudinit-r0.qcow2',
    'nocloud_alpine-3.23.4-x86_64-bios-cloudinit-r0.qcow2.sha512',
  ),
  entry(
    'opensuse-leap-16.0',
    'openSUSE Leap 16.0',
    'Minimal VM for clouds',
    'https://download.opensuse.org/distribution/leap/16.0/appliances',
    'Leap-16.0-Minimal-VM.x86_64-Cloud.qcow2',
    'Leap-16.0-Minimal-VM.x86_64-Cloud.qcow2.sha256',
  ),
  entry(
    'opensuse-leap-15.6',
    'openSUSE Leap 15.6',
    'Minimal VM for clouds',
    'https://download.opensuse.org/distribution/leap/15.6/appliances',
    'openSUSE-Leap-15.6-Minimal-VM.x86_64-Cloud.qcow2',
    'openSUSE-Leap-15.6-Minimal-VM.x86_64-Cloud.qcow2.sha256',
  ),
]
