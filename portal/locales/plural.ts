/** One word for one, another for many, by the language's own rule: French counts 0 and 1 as one, English only 1. */
export const plural =
  (language: string) =>
  (n: number, one: string, many: string): string =>
    new Intl.PluralRules(language).select(n) === 'one' ? one : many
