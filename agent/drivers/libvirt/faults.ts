import { type FaultCode, type Refused, refuse } from '@sirocco/shared/kit/fault.ts'
import type { CallError } from './rpc/connection.ts'

/** virErrorNumber, of those that mean something here. */
export const libvirtErrors = { noDomain: 42, operationInvalid: 55, noDomainMetadata: 80 } as const

const noGuestAgent = 'no guest agent answers in this machine; install and start qemu-guest-agent in it, then try again'

/** What libvirt's error codes mean for whoever asked; all others are `internal`. Numbers: libvirt/virterror.h. */
const codes: Readonly<Record<number, readonly [FaultCode, string]>> = {
  2: ['capacity', 'the host is out of memory'],
  3: ['unsupported', 'the hypervisor cannot do this'],
  8: ['invalid', 'the hypervisor refuses the machine'],
  27: ['invalid', 'the hypervisor refuses the machine'],
  38: ['unavailable', 'the host could not do it now'],
  39: ['unavailable', 'the hypervisor service does not answer properly'],
  42: ['not_found', 'the machine is not on this host'],
  55: ['precondition', 'the machine is not in a state for this'],
  67: ['invalid', 'the hypervisor refuses the machine'],
  68: ['unavailable', 'the hypervisor is busy'],
  84: ['unsupported', 'the hypervisor cannot do this'],
  86: ['precondition', noGuestAgent],
  97: ['precondition', noGuestAgent],
  87: ['unavailable', 'the hypervisor is busy'],
}

/** libvirt reports these under codes as broad as `internal error`, so they are told by QEMU's and the kernel's words. */
const words: readonly (readonly [RegExp, FaultCode, string])[] = [
  [/cannot allocate memory|out of memory|cannot set up guest memory/i, 'capacity', 'the host is out of memory'],
  [/no space left on device|disk quota exceeded/i, 'capacity', 'the host is out of disk space'],
]

/** A failed call as a fault: libvirt's words go into `detail`. */
export function faultOf(error: CallError): Refused {
  if (error.kind === 'lost') return refuse('unavailable', 'the hypervisor service does not answer', { detail: error.message })
  const told = words.find(([pattern]) => pattern.test(error.message))
  if (told) return refuse(told[1], told[2], { detail: error.message })
  const [code, message] = codes[error.code] ?? ['internal', 'the hypervisor failed']
  return refuse(code, message, { detail: `libvirt ${error.code}: ${error.message}` })
}

export const isCode = (error: CallError, code: number): boolean => error.kind === 'libvirt' && error.code === code

/** What keeps a disk from being plugged into a running guest: all its slots may be taken. */
export function plugFault(error: CallError): Refused {
  if (error.kind === 'libvirt' && /no more available PCI slots|No available PCI/i.test(error.message))
    return refuse(
      'capacity',
      'the machine has no slot left for another disk while it runs; stop it, attach the volume, and start it',
      {
        detail: error.message,
      },
    )
  return faultOf(error)
}

/** QEMU says these under codes as broad as `internal error`, the guest's own words among them. */
const guestWords: readonly (readonly [RegExp, FaultCode, string])[] = [
  [/guest agent (is )?(not (connected|configured|available)|disappeared)|agent not available/i, 'precondition', noGuestAgent],
  [
    /command .*(has not been found|is disabled|has been disabled)|CommandNotFound/i,
    'unsupported',
    'the guest agent in this machine cannot do this; update it',
  ],
]

/** The same of a question to an agent inside a guest. */
export function guestFault(error: CallError): Refused {
  const told = error.kind === 'libvirt' ? guestWords.find(([pattern]) => pattern.test(error.message)) : undefined
  if (told) return refuse(told[1], told[2], { detail: error.message })
  const fault = faultOf(error)
  return fault.fault.code === 'internal'
    ? refuse('precondition', 'the guest refused it; check that there is such a user in it', { detail: error.message })
    : fault
}
