import { createHash } from 'node:crypto'
import { AuditLine, AuditSeal, linkOf, noHash } from '@sirocco/shared/api/audit.ts'
import { ok, type Result, refuse } from '@sirocco/shared/kit/fault.ts'

export interface Checked {
  readonly lines: number
  /** Behind the last seal: nothing vouches for them yet. */
  readonly unsealed: number
  /** To be compared with what was noted before: it vouches for everything up to it. */
  readonly last: AuditSeal | null
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** Whether an export of the audit is as it was sealed; refused with the first place at which it is not. */
export async function checkAudit(rows: AsyncIterable<string>): Promise<Result<Checked>> {
  let hash = noHash
  let last: AuditSeal | null = null
  let [row, lines, unsealed, seq] = [0, 0, 0, 0]
  for await (const text of rows) {
    row++
    const json = parsed(text)
    const line = AuditLine.safeParse(json)
    const seal = AuditSeal.safeParse(json)
    if (line.success) {
      if (line.data.seq <= seq) return refuse('invalid', `line ${row} is out of its order`)
      seq = line.data.seq
      hash = sha256(linkOf(hash, line.data))
      lines++
      unsealed++
    } else if (seal.success) {
      // An export that begins at a seal takes that one on trust.
      if (row > 1 && (seal.data.seal !== seq || seal.data.hash !== hash))
        return refuse('invalid', `line ${row}: among the ${unsealed} lines before this seal one was changed, left out or put in`)
      ;({ seal: seq, hash } = seal.data)
      last = seal.data
      unsealed = 0
    } else return refuse('invalid', `line ${row} is no line of an audit`)
  }
  return ok({ lines, unsealed, last })
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
