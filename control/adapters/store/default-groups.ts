const columns = '(id, alias, securityGroup, direction, protocol, "from", "to", cidr, peer, description, likeness)'
const ids = `'sgr_' || lower(hex(randomblob(10))), 'sgr-' || substr(lower(hex(randomblob(9))), 1, 17), g.id`
const isNew = `FROM security_group g JOIN network n ON n.id = g.network
  WHERE NOT EXISTS (SELECT 1 FROM security_rule r WHERE r.securityGroup = g.id AND r.likeness =`

const rule = (direction: string, protocol: string, port: string, cidr: string, description: string, more = '') => {
  const alike = `'${direction} ${protocol} ${port === 'NULL' ? '* *' : `${port} ${port}`} ${cidr}'`
  return `INSERT INTO security_rule ${columns} SELECT ${ids}, '${direction}', '${protocol}', ${port}, ${port}, '${cidr}', NULL, '${description}', ${alike}
    ${isNew} ${alike}) ${more}`
}

/**
 * What the step to security groups does with data from before it, run in the batch of its migration: every network gets its default group,
 * and every port is in it. A second run finds nothing.
 */
export const defaultGroups: readonly string[] = [
  `INSERT INTO security_group (id, alias, project, network, name, description, isDefault, createdAt)
    SELECT 'sg_' || lower(hex(randomblob(10))), replace(n.alias, 'vpc-', 'sg-'), n.project, n.id, 'default', 'default security group', 1,
      CAST(unixepoch('subsec') * 1000 AS INTEGER)
    FROM network n WHERE NOT EXISTS (SELECT 1 FROM security_group g WHERE g.network = n.id AND g.isDefault = 1)`,
  `INSERT INTO security_rule ${columns} SELECT ${ids}, 'in', 'all', NULL, NULL, NULL, g.id, 'members reach each other', 'in all * * ' || g.id
    ${isNew} 'in all * * ' || g.id)`,
  rule('in', 'tcp', '22', '0.0.0.0/0', 'ssh from anywhere', 'AND n.isDefault = 1'),
  rule('in', 'icmp', 'NULL', '0.0.0.0/0', 'ICMP from anywhere', 'AND n.isDefault = 1'),
  rule('out', 'all', 'NULL', '0.0.0.0/0', ''),
  rule('out', 'all', 'NULL', '::/0', ''),
  `INSERT INTO port_group (port, securityGroup) SELECT p.id, g.id FROM port p JOIN security_group g ON g.network = p.network AND g.isDefault = 1
    WHERE NOT EXISTS (SELECT 1 FROM port_group o WHERE o.port = p.id)`,
]
