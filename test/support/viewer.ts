import { vncResponse } from '@sirocco/agent/drivers/simulated/vnc-password.ts'
import type { ConsoleStream } from '@sirocco/agent/ports/compute.ts'

/** What a viewer came to: the screen it was shown, or not let in. */
export type Seen = { readonly width: number; readonly height: number } | 'refused' | 'ended'

/** A viewer of RFB 3.8 that knows one password: as far as the server's first words after it was let in. */
export class Viewer {
  readonly result: Promise<Seen>
  readonly #password: string
  #settle: (seen: Seen) => void = () => {}
  #held = Buffer.alloc(0)
  #stream: ConsoleStream | null = null
  #phase: 'version' | 'security' | 'challenge' | 'verdict' | 'screen' = 'version'

  constructor(password: string) {
    this.#password = password
    this.result = new Promise(resolve => {
      this.#settle = resolve
    })
  }

  join(stream: ConsoleStream): void {
    this.#stream = stream
    this.#go()
  }
  hear(bytes: Uint8Array): void {
    this.#held = Buffer.concat([this.#held, bytes])
    this.#go()
  }
  ended(): void {
    this.#settle('ended')
  }

  #go(): void {
    const stream = this.#stream
    if (!stream) return
    const say = (...bytes: number[]) => stream.write(Buffer.from(bytes))
    for (let taken = this.#take(stream, say); taken > 0; taken = this.#take(stream, say)) this.#held = this.#held.subarray(taken)
  }

  /** Deals with what has come, and says how many bytes that was. */
  #take(stream: ConsoleStream, say: (...bytes: number[]) => void): number {
    const held = this.#held
    if (this.#phase === 'version' && held.length >= 12) {
      stream.write(held.subarray(0, 12))
      this.#phase = 'security'
      return 12
    }
    if (this.#phase === 'security' && held.length > (held[0] ?? 255)) {
      // Without VNC authentication anybody would be let in: then this is no screen to trust.
      if (!held.subarray(1, 1 + (held[0] ?? 0)).includes(2)) throw new Error('the screen asks for no password')
      say(2)
      this.#phase = 'challenge'
      return 1 + (held[0] ?? 0)
    }
    if (this.#phase === 'challenge' && held.length >= 16) {
      stream.write(vncResponse(this.#password, held.subarray(0, 16)))
      this.#phase = 'verdict'
      return 16
    }
    if (this.#phase === 'verdict' && held.length >= 4) {
      if (held.readUInt32BE() !== 0) this.#settle('refused')
      else say(1)
      this.#phase = 'screen'
      return 4
    }
    if (this.#phase === 'screen' && held.length >= 24) this.#settle({ width: held.readUInt16BE(0), height: held.readUInt16BE(2) })
    return 0
  }
}
