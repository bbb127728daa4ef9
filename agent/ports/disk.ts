/**
 * The agent's own small files: journal, desired set, outbox. What `append` and `replace` resolve for is on disk (fsynced, the directory
 * too) and survives a power cut; before that, any prefix of an append may be there.
 */
export interface Disk {
  /** null where there is none. */
  read(name: string): Promise<string | null>
  append(name: string, line: string): Promise<void>
  /** Atomically: the old content or the new, never a mixture. */
  replace(name: string, content: string): Promise<void>
}
