import type { Disk } from '../ports/disk.ts'

/** A disk for tests and simulations; it outlives the agents that write to it. */
export class MemoryDisk implements Disk {
  readonly files = new Map<string, string>()

  async read(name: string): Promise<string | null> {
    return this.files.get(name) ?? null
  }
  async append(name: string, line: string): Promise<void> {
    this.files.set(name, (this.files.get(name) ?? '') + line)
  }
  async replace(name: string, content: string): Promise<void> {
    this.files.set(name, content)
  }
  /** What a power cut during an append leaves: all but the last `bytes` characters. */
  tear(name: string, bytes: number): void {
    const content = this.files.get(name) ?? ''
    this.files.set(name, content.slice(0, Math.max(0, content.length - bytes)))
  }
}
