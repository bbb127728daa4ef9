import { useState } from 'react'
import { useSpeech } from '../locales/language.tsx'
import { Copy } from '../ui/copy.tsx'

/** The form as a line to paste: the portal teaches the API. */
export function Terminal({ aws, curl }: { aws: string; curl: string }) {
  const { t } = useSpeech()
  const [way, setWay] = useState<'aws' | 'curl'>('aws')
  const line = way === 'aws' ? aws : curl
  return (
    <details className="terminal">
      <summary>{t.launch.show}</summary>
      <fieldset className="segments" aria-label={t.launch.show}>
        {(['aws', 'curl'] as const).map(each => (
          <button key={each} type="button" aria-pressed={each === way} onClick={() => setWay(each)}>
            {each === 'aws' ? t.launch.asAws : t.launch.asCurl}
          </button>
        ))}
        <Copy text={line} what={way} />
      </fieldset>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a block that scrolls must be reachable by keyboard */}
      <pre tabIndex={0}>{line}</pre>
      <p className="soft small">{t.launch.showHint}</p>
    </details>
  )
}
