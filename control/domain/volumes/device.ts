/** Where a guest finds the disk it boots from. */
export const rootDevice = 'vda'
/** The seed's; no volume has it. */
const taken = 'vdb'

const letters = [...'abcdefghijklmnopqrstuvwxyz'].map(letter => `vd${letter}`)
/** What further volumes may be named, in the order in which they are given out. */
export const devices: readonly string[] = letters.filter(name => name !== rootDevice && name !== taken)

/** The first name that none of `used` has; null where there is none left. */
export const freeDevice = (used: readonly string[]): string | null => devices.find(name => !used.includes(name)) ?? null
