import type { en } from './en.ts'

/** The same keys and parameters, other words: a missing key, an extra one or another parameter does not compile. */
type Shape<T> = {
  readonly [K in keyof T]: T[K] extends string ? string : T[K] extends (p: infer P) => string ? (p: P) => string : Shape<T[K]>
}

export type Messages = Shape<typeof en>

export const languages = ['en', 'fr'] as const
export type Language = (typeof languages)[number]

export const isLanguage = (word: unknown): word is Language => languages.some(language => language === word)
