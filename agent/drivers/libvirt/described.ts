import type { DescribedMachine } from '../../ports/compute.ts'
import { find, parseXml } from './xml-tree.ts'

/** libvirt prints memory in KiB, whatever it was defined in. */
const kibInMib = 1024

/** What a definition, as libvirt prints it, says of its machine; null where it is none of ours. */
export function described(saved: string): DescribedMachine | null {
  const domain = parseXml(saved)
  if (domain?.name !== 'domain') return null
  const text = (name: string): string => find(domain, name)[0]?.text.trim() ?? ''
  const memoryMiB = Math.ceil(Number(text('memory')) / kibInMib)
  const vcpus = Number(text('vcpu'))
  if (!Number.isSafeInteger(memoryMiB) || memoryMiB < 1 || !Number.isSafeInteger(vcpus) || vcpus < 1) return null
  return {
    name: text('title'),
    vcpus,
    memoryMiB,
    firmware: find(domain, 'os', 'loader').length > 0 ? 'uefi' : 'bios',
    macs: find(domain, 'devices', 'interface', 'mac').map(({ attributes }) => (attributes.get('address') ?? '').toLowerCase()),
  }
}
