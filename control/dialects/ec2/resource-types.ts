/** EC2's ResourceType by the prefix of an id. */
const types: Readonly<Record<string, string>> = {
  ami: 'image',
  eni: 'network-interface',
  i: 'instance',
  key: 'key-pair',
  sg: 'security-group',
  snap: 'snapshot',
  subnet: 'subnet',
  vol: 'volume',
  vpc: 'vpc',
}

export const resourceTypeOf = (alias: string): string => types[alias.slice(0, alias.lastIndexOf('-'))] ?? 'unknown'
