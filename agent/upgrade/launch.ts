import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import { bundlesFolder, choiceFile, fallenBack, launchOf } from './choice.ts'
import { bundlePath, hashOf, readChoice, textOf, writeChoice } from './folder.ts'
import { startAgain } from './start-again.ts'

/**
 * Runs in a thread of its own, so that a bundle that never lets go of the main one is seen too: where the choice still stands as this start
 * wrote it, it never was live.
 */
const watch = `
const { workerData: { file, trial, back, ms } } = require('node:worker_threads')
const fs = require('node:fs')
setTimeout(() => {
  if (fs.readFileSync(file, 'utf8') !== trial) return
  const made = fs.openSync(file + '.new', 'w', 0o600)
  fs.writeSync(made, back)
  fs.fsyncSync(made)
  fs.closeSync(made)
  fs.renameSync(file + '.new', file)
  process.kill(process.pid, 'SIGKILL')
}, ms)`

/**
 * The start of an agent: the installed bundle hands over to the chosen one, in this same process. Answers false where the bundle that asks
 * is the one that runs. A chosen one that cannot be loaded, ends too often or is not live within `ms` is the chosen one no longer.
 */
export async function launch(self: string, data: string, ms: number): Promise<boolean> {
  const path = fileURLToPath(self)
  if (path.startsWith(join(data, bundlesFolder, '/'))) return false
  const installed = hashOf(path)
  if (installed === null) return false
  const kept = readChoice(data)
  const decided = launchOf(kept, installed, bundle => hashOf(bundlePath(data, bundle)) === bundle)
  mkdirSync(data, { recursive: true, mode: 0o700 })
  if (decided.choice !== null && decided.choice !== kept) writeChoice(data, decided.choice)
  if (decided.run === 'installed' || decided.choice === null) return false
  const { choice } = decided
  const back = (why: string) => fallenBack(choice, why)
  if ('trial' in decided && decided.trial) {
    const seconds = Math.round(ms / 1_000)
    const workerData = {
      file: join(data, choiceFile),
      trial: textOf(choice),
      back: textOf(back(`its link was not live within ${seconds} s`)),
      ms,
    }
    new Worker(watch, { eval: true, workerData }).unref()
  }
  try {
    await import(pathToFileURL(bundlePath(data, decided.run)).href)
  } catch (error) {
    writeChoice(data, back(`it cannot be loaded: ${error instanceof Error ? error.message : String(error)}`.slice(0, 500)))
    startAgain()
  }
  return true
}
