/** Bytes. Memory and disks are counted in MiB unless a name says otherwise. */
export const KiB = 1024
export const MiB = 1024 * KiB
export const GiB = 1024 * MiB
export const TiB = 1024 * GiB
