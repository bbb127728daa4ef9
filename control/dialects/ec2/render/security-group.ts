/**
 * Of security groups there is one per network so far: its default group, which filters nothing. It has no row; its id is the
 * network's with another prefix.
 */
export const defaultGroup = (networkAlias: string) => ({ groupId: networkAlias.replace(/^vpc-/, 'sg-'), groupName: 'default' })
