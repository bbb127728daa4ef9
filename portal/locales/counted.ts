/** A number and its noun, by the language's own rule: French counts 0 and 1 as one, English only 1. */
export function counted(language: string): (n: number, one: string, many: string) => string {
  const rules = new Intl.PluralRules(language)
  const numbers = new Intl.NumberFormat(language)
  return (n, one, many) => `${numbers.format(n)} ${rules.select(n) === 'one' ? one : many}`
}
