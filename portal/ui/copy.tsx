import { useState } from 'react'
import { useSpeech } from '../locales/language.tsx'
import { IconButton } from './button.tsx'
import { icons } from './icons.tsx'

/** How long the tick stays. */
const shown = 1_600

/** Copies one value; `what` names it for those who do not see what it stands beside. */
export function Copy({ text, what }: { text: string; what: string }) {
  const { t } = useSpeech()
  const [done, setDone] = useState(false)
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text)
    setDone(true)
    setTimeout(() => setDone(false), shown)
  }
  return (
    <span className="copy">
      <IconButton label={t.common.copyOf({ what })} onPress={() => void copy()}>
        {done ? icons.check : icons.copy}
      </IconButton>
      <span className="unseen" role="status">
        {done ? t.common.copied : ''}
      </span>
    </span>
  )
}

/** A value in monospace with its copy button. */
export function Copyable({ text, what }: { text: string; what: string }) {
  return (
    <span className="copyable">
      <code>{text}</code>
      <Copy text={text} what={what} />
    </span>
  )
}
