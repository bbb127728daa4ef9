export const backupStates = ['creating', 'ready', 'deleting', 'gone', 'failed'] as const
export type BackupState = (typeof backupStates)[number]
