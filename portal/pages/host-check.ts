import { limits } from '@sirocco/shared/model/limits.ts'

/** Tags as they are typed: one on a line. */
export const textOfTags = (tags: Readonly<Record<string, string>>): string =>
  Object.entries(tags)
    .map(([key, value]) => `${key}=${value}`)
    .join('\n')

/** null: a line that is no tag. */
export function tagsOf(text: string): Record<string, string> | null {
  const lines = text
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '')
  const pairs = lines.map((line): [string, string] => {
    const at = line.indexOf('=')
    return at < 0 ? ['', line] : [line.slice(0, at).trim(), line.slice(at + 1).trim()]
  })
  const wrong = pairs.some(
    ([key, value]) => key === '' || key.length > 128 || value.length > 256 || key.toLowerCase().startsWith('aws:'),
  )
  return wrong || pairs.length > limits.tags ? null : Object.fromEntries(pairs)
}

/** null: no ratio that a host may have. A comma is what French keyboards have for a point. */
export function ratioOf(text: string): number | null {
  const ratio = Number(text.trim().replace(',', '.'))
  return text.trim() !== '' && ratio >= limits.ratioMin && ratio <= limits.ratioMax ? ratio : null
}
