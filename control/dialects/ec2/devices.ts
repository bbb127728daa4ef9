import { devices, rootDevice } from '../../domain/volumes/device.ts'

/** Names by which clients ask for the disk that a machine boots from. */
const rootNames = ['/dev/vda', '/dev/xvda', '/dev/sda1', '/dev/sda']
export const isRootName = (name: string): boolean => rootNames.includes(name)

const known: readonly string[] = [rootDevice, ...devices]

/** Where a guest here finds what a client calls `/dev/sdf`, `xvdf` or `/dev/vdf`; null where no volume can be there. */
export function deviceNamed(name: string): string | null {
  if (isRootName(name)) return rootDevice
  const letter = /^(?:\/dev\/)?(?:sd|xvd|vd)([a-z])$/.exec(name)?.[1]
  const device = `vd${letter}`
  return known.includes(device) ? device : null
}

/** The guest's own name first, then those by which clients may have asked for it: some look for their volume by that. */
export const namesOf = (device: string): readonly string[] => {
  const letter = device.slice('vd'.length)
  return device === rootDevice ? rootNames : [`/dev/${device}`, `/dev/sd${letter}`, `/dev/xvd${letter}`]
}

export const deviceAdvice = 'a volume is /dev/sdc to /dev/sdz here; /dev/sdb is what the guest is first set up from'
