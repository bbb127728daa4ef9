import { createContext, type ReactNode, use, useMemo, useState } from 'react'
import { I18nProvider } from 'react-aria-components/I18nProvider'
import { remember, remembered } from '../ui/remembered.ts'
import { en } from './en.ts'
import { type Format, formats } from './format.ts'
import { isLanguage, type Language, languages, type Messages } from './messages.ts'

interface Speech {
  readonly language: Language
  readonly t: Messages
  readonly format: Format
  speak(language: Language): Promise<void>
}

const loaders: Record<Language, () => Promise<Messages>> = {
  en: async () => en,
  fr: async () => (await import('./fr.ts')).fr,
}

/** What was chosen here before, else the first language of the browser's that we speak. */
export function preferredLanguage(): Language {
  const chosen = remembered('language')
  if (isLanguage(chosen)) return chosen
  const spoken = navigator.languages.map(tag => tag.slice(0, 2))
  return spoken.find(isLanguage) ?? languages[0]
}

/** The strings of a language; every language but English is a chunk of its own. */
export const messagesOf = (language: Language): Promise<Messages> => loaders[language]()

const Context = createContext<Speech | null>(null)

/** Gives every page its strings, dates and numbers in one language, and switches without a reload. */
export function Speaking({ first, messages, children }: { first: Language; messages: Messages; children: ReactNode }) {
  const [now, setNow] = useState({ language: first, t: messages })
  const speech = useMemo<Speech>(
    () => ({
      ...now,
      format: formats(now.language),
      async speak(language) {
        const t = await messagesOf(language)
        remember('language', language)
        document.documentElement.lang = language
        setNow({ language, t })
      },
    }),
    [now],
  )
  return (
    <Context value={speech}>
      <I18nProvider locale={localeOf[now.language]}>{children}</I18nProvider>
    </Context>
  )
}

const localeOf: Record<Language, string> = { en: 'en-GB', fr: 'fr-FR' }

/** Strings (`t`), dates and numbers (`format`) of the language in use. */
export function useSpeech(): Speech {
  const speech = use(Context)
  if (!speech) throw new Error('useSpeech outside of Speaking')
  return speech
}
