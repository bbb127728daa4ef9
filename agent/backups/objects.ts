import type { IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { BackupRoot } from '@sirocco/shared/wire/backups.ts'
import { bytesOf, textOf } from '../link/request.ts'
import type { BackupObjects } from '../ports/backups.ts'

/** One signed request to the control plane. */
export type AskRanged = (
  method: string,
  path: string,
  more: { readonly body?: Uint8Array; readonly range?: string },
) => Promise<IncomingMessage>

/** Between tries of one object, in ms, before the whole is given up. */
const pauses = [250, 1_000, 4_000, 15_000]
/** Of an answer without bytes of a backup. */
const answerBytes = 64 * 1_024

const lost = refuse('unavailable', 'the store of backups does not answer')

export function backupObjectsBy(ask: AskRanged, pause: (ms: number) => Promise<unknown> = sleep): BackupObjects {
  async function asked<T>(run: () => Promise<Result<T>>): Promise<Result<T>> {
    for (const ms of pauses) {
      const result = await run().catch(() => lost)
      if (result.ok || result.fault.code !== 'unavailable') return result
      await pause(ms)
    }
    return run().catch(() => lost)
  }

  /** What an answer that brings nothing means. */
  async function refused(answer: IncomingMessage, what: string): Promise<Result<never>> {
    await textOf(answer, answerBytes)
    const { statusCode = 0 } = answer
    return statusCode >= 400 && statusCode < 500 && statusCode !== 408 && statusCode !== 429
      ? refuse('precondition', what, { detail: `answered with ${statusCode}` })
      : lost
  }

  return {
    root: backup =>
      asked(async () => {
        const answer = await ask('GET', `agent/backups/${backup}`, {})
        if (answer.statusCode !== 200) return refused(answer, 'the backup is not there any more')
        const root = BackupRoot.safeParse(JSON.parse(await textOf(answer, answerBytes)))
        return root.success ? ok(root.data) : lost
      }),
    get: (backup, { maker, level, index }, { offset, length }) =>
      asked(async () => {
        const range = `bytes=${offset}-${offset + length - 1}`
        const answer = await ask('GET', `agent/backups/${backup}/objects/${maker}/${level}/${index}`, { range })
        if (answer.statusCode !== 206) return refused(answer, 'a part of the backup is not there any more')
        return ok(await bytesOf(answer, length))
      }),
    put: (backup, { level, index }, bytes, sha256) =>
      asked(async () => {
        const answer = await ask('PUT', `agent/backups/${backup}/objects/${level}/${index}?sha256=${sha256}`, { body: bytes })
        if (answer.statusCode !== 200) return refused(answer, 'the backup is not wanted any more')
        await textOf(answer, answerBytes)
        return ok(undefined)
      }),
  }
}
