import { z } from 'zod'

/** IPv4 with prefix. */
export const Cidr = z.cidrv4('a range is an IPv4 address and a prefix: 10.0.0.0/16')

/** A subnet as it is asked for; its zone may be left out where there is one. */
export const AskedSubnet = z.object({ cidr: Cidr, zone: z.string().min(1).max(64).optional() })
