import { useSuspenseQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { queries } from '../api/queries.ts'
import { useSpeech } from '../locales/language.tsx'
import { Copyable } from '../ui/copy.tsx'
import { Page } from '../ui/page.tsx'
import { Radios } from '../ui/radios.tsx'
import { applyTheme, currentTheme, type Theme, themes } from '../ui/theme.ts'
import { AccessKeysCard } from './access-keys-card.tsx'
import { IdentityProviders } from './identity-providers.tsx'
import { ProjectSwitch } from './project-switch.tsx'
import { Security } from './security.tsx'
import { SessionsCard } from './sessions-card.tsx'

/** How this browser shows the portal, who is signed in, where, and with which keys. */
export function SettingsPage() {
  const { t, language, speak } = useSpeech()
  const { data: me } = useSuspenseQuery(queries.me)
  const [theme, setTheme] = useState<Theme>(currentTheme)
  return (
    <Page title={t.settings.title} lead={t.settings.lead}>
      <div className="settings">
        <section className="card">
          <Radios
            label={t.settings.language}
            value={language}
            onChange={next => void speak(next)}
            options={[
              // Each in its own words: who cannot read this page finds theirs.
              { key: 'en', label: 'English' },
              { key: 'fr', label: 'Français' },
            ]}
          />
          <Radios
            label={t.settings.theme}
            value={theme}
            onChange={next => {
              applyTheme(next)
              setTheme(next)
            }}
            options={themes.map(key => ({ key, label: t.settings.themes[key] }))}
          />
        </section>
        <section className="card" aria-labelledby="account">
          <h2 id="account">{t.settings.account}</h2>
          <dl className="facts">
            <dt>{t.settings.email}</dt>
            <dd>{me.user.email}</dd>
            <dt>{t.settings.project}</dt>
            <dd>
              <ProjectSwitch />
            </dd>
            <dt>{t.settings.accountNumber}</dt>
            <dd>
              <Copyable text={me.project.account} what={t.settings.accountNumber} />
            </dd>
            <dt>{t.settings.role}</dt>
            <dd>{t.settings.roles[me.role]}</dd>
            <dt>{t.settings.region}</dt>
            <dd>{me.region}</dd>
          </dl>
        </section>
        <Security />
        <AccessKeysCard />
        <SessionsCard />
        {me.role === 'admin' && <IdentityProviders />}
      </div>
    </Page>
  )
}
