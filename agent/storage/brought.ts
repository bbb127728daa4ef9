import { join } from 'node:path'

/** What backups that are taken or given back need meanwhile: a folder each, by the backup's or the new volume's id. */
export const backupsRoom = (dir: string): string => join(dir, 'backups')

/** Where a disk lies that was brought here from a backup, until its volume is made of it. */
export const broughtDisk = (dir: string, volume: string): string => join(backupsRoom(dir), volume, 'disk.qcow2')
