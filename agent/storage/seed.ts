import type { WantedMachine } from '@sirocco/shared/wire/objects.ts'

/** Labels as RFC 1123 has them; what a name cannot carry into a hostname becomes a hyphen. */
export const hostnameOf = (name: string, otherwise: string): string =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '-')
    .slice(0, 63)
    .replace(/^-+|-+$/g, '') || otherwise

/** A YAML scalar that cannot end early: JSON in ASCII, which is YAML too. */
const scalar = (text: string): string =>
  JSON.stringify(text).replace(/[^\x20-\x7e]/g, character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)

/**
 * The files of a NoCloud seed. One key a line, since small images read meta-data by `grep`; every value quoted, since it comes from
 * people. All interfaces by DHCP, told by their MAC.
 */
export function seedFiles(machine: WantedMachine): Record<string, string | Uint8Array> {
  const { seed } = machine
  const hostname = hostnameOf(machine.name, seed.instanceId)
  const keys = seed.keys.map(key => key.replace(/\s+/g, ' ').trim()).filter(key => key !== '')
  const metadata = [
    `instance-id: ${scalar(seed.instanceId)}`,
    `local-hostname: ${scalar(hostname)}`,
    ...(keys.length ? ['public-keys:', ...keys.map(key => `  - ${scalar(key)}`)] : []),
  ]
  const interfaces = machine.ports.map((port, at) => [`nic${at}`, { match: { macaddress: port.mac }, dhcp4: true }] as const)
  return {
    'meta-data': `${metadata.join('\n')}\n`,
    'user-data': Buffer.from(seed.userData, 'base64'),
    'network-config': JSON.stringify({ version: 2, ethernets: Object.fromEntries(interfaces) }),
  }
}
