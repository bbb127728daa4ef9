/** The end of a command that cannot go on: one sentence for the person at the terminal, saying what to do. The bootstrap prints it. */
export class Stop extends Error {
  readonly exitCode: number
  constructor(sentence: string, exitCode = 1) {
    super(sentence)
    this.name = 'Stop'
    this.exitCode = exitCode
  }
}
