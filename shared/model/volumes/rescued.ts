/**
 * What a machine in rescue has its own disk as. Two disks of one system look alike to a guest that seeks its root by a label, so this one is
 * given only to a guest that has booted: it is no part of what a machine starts with.
 */
export const rescuedDevice = 'vdaa'
