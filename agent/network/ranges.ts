import { addressOf, prefixOf, rangeOf } from '@sirocco/shared/kit/ipv4.ts'

export const networkAddress = (cidr: string): string => addressOf(rangeOf(cidr).first)
export const netmask = (cidr: string): string => addressOf(2 ** 32 - 2 ** (32 - prefixOf(cidr)))
