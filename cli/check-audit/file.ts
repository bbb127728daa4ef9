import { open } from 'node:fs/promises'
import { type Result, refuse } from '@sirocco/shared/kit/fault.ts'
import { type Checked, checkAudit } from './check.ts'

/** The same of a file. */
export async function checkAuditFile(file: string): Promise<Result<Checked>> {
  if (file === '') return refuse('precondition', 'check-audit takes the file of an export')
  const handle = await open(file).catch(() => null)
  if (!handle) return refuse('not_found', `${file} cannot be read`)
  try {
    return await checkAudit(handle.readLines())
  } finally {
    await handle.close()
  }
}
