/** Where the sealed password of a host's management controller belongs. */
export const powerPlace = (host: string): string => `host_power|${host}|password`
