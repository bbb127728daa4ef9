import { closeSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'

/** Of SQLite's WAL-index header: `iChange`, which every committed transaction raises by one (sqlite.org/walformat.html). */
const changeAt = 8

/** The number of the last commit to an instance's database: its file is the memory that its server shares with readers. */
export function lastCommit(data: string): number {
  const file = openSync(indexOf(data), 'r')
  const word = Buffer.alloc(4)
  readSync(file, word, 0, 4, changeAt)
  closeSync(file)
  return word.readUInt32LE()
}

const indexOf = (data: string) => join(data, 'control.db-shm')

/** Looks as often as it can without keeping a core to itself; a commit takes longer than that. */
const watcher = `
const { openSync, readSync } = require('node:fs')
const { parentPort, workerData } = require('node:worker_threads')
const { file, changeAt, base, n, victims, over } = workerData
const index = openSync(file, 'r')
const word = Buffer.alloc(4)
const nap = new Int32Array(new SharedArrayBuffer(4))
const state = new Int32Array(over)
while (Atomics.load(state, 0) === 0) {
  readSync(index, word, 0, 4, changeAt)
  if (((word.readUInt32LE() - base) >>> 0) >= n) {
    for (const victim of victims) try { process.kill(victim, 'SIGKILL') } catch {}
    parentPort.postMessage('killed')
    break
  }
  Atomics.wait(nap, 0, 0, 0.1)
}
`

/** Kills processes as soon as the n-th commit from now on has happened. A negative one is a process group. */
export class KillAtCommit {
  readonly #over: SharedArrayBuffer
  readonly #worker: Worker
  readonly killed: Promise<void>
  #came = false

  private constructor(worker: Worker, over: SharedArrayBuffer) {
    this.#worker = worker
    this.#over = over
    this.killed = new Promise(resolve =>
      worker.once('message', () => {
        this.#came = true
        resolve()
      }),
    )
  }

  /** Resolves when it watches. */
  static async watch(data: string, n: number, victims: readonly number[]): Promise<KillAtCommit> {
    const over = new SharedArrayBuffer(4)
    const workerData = { file: indexOf(data), changeAt, base: lastCommit(data), n, victims, over }
    const worker = new Worker(watcher, { eval: true, workerData })
    await new Promise(resolve => worker.once('online', resolve))
    return new KillAtCommit(worker, over)
  }

  /** Whether it came to that. */
  async end(): Promise<boolean> {
    Atomics.store(new Int32Array(this.#over), 0, 1)
    await this.#worker.terminate()
    return this.#came
  }
}
