/** Spaces and comments, from the start of a text on. */
const blank = /^(?:\s+|--[^\n]*(?:\n|$)|\/\*[\s\S]*?(?:\*\/|$))+/

/** The text from its first word on. */
const trimmed = (sql: string): string => sql.replace(blank, '')

/** What a quoted thing, a comment or a semicolon looks like to SQLite's tokenizer. */
const token = /'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|;/g

/**
 * Is there more than one statement here? The native library runs the first and drops the rest without a word, where the real
 * server refuses. The body of a trigger, whose statements end with semicolons of their own, counts as one.
 */
export function hasSeveral(sql: string): boolean {
  if (!sql.includes(';')) return false
  const text = trimmed(sql)
  const body = /^create\s+(?:temp\s+|temporary\s+)?trigger\b/i.test(text)
  for (const found of text.matchAll(token)) {
    if (found[0] !== ';') continue
    if (body && !/\bend\s*$/i.test(text.slice(0, found.index))) continue
    const rest = trimmed(text.slice(found.index + 1)).replace(/^[;\s]+/, '')
    return trimmed(rest) !== ''
  }
  return false
}

/** Statements that read, and those that frame a reading transaction. */
const reading = /^(?:select|values|explain|begin\s+transaction\s+readonly|begin\s+deferred|commit|rollback)\b/i

export const onlyReads = (sql: string): boolean => reading.test(trimmed(sql))

/** The one way to begin a transaction that promises to stay a reader to its end. */
export const beginsReadOnly = (sql: string): boolean => /^begin\s+transaction\s+readonly\b/i.test(trimmed(sql))

/** Statements with rows that never change anything; of the others (`INSERT … RETURNING`, `WITH …`) the changes are counted. */
export const neverChanges = (sql: string): boolean => /^(?:select|values|explain)\b/i.test(trimmed(sql))

/** Begins, ends or marks a transaction. */
export const framesTransaction = (sql: string): boolean =>
  /^(?:begin|commit|end|rollback|savepoint|release)\b/i.test(trimmed(sql))

/** What SQLite does not run, or not with its usual effect, within a transaction. */
export const standsAlone = (sql: string): boolean => /^(?:pragma|vacuum|attach|detach)\b/i.test(trimmed(sql))
