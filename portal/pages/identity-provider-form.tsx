import { useSuspenseQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { calls } from '../api/calls.ts'
import { queries, queryClient } from '../api/queries.ts'
import type { IdentityProvider } from '../api/types.ts'
import { useSpeech } from '../locales/language.tsx'
import { Ask } from '../ui/ask.tsx'
import { Field } from '../ui/field.tsx'
import { grantsOf, linesOf } from './grant-lines.ts'

const keys = ['name', 'issuer', 'clientId', 'secret', 'scope', 'claim', 'grants'] as const

/** A new one (null), or another way to one that there is: its issuer stays. */
export function IdentityProviderForm({ provider, close }: { readonly provider: IdentityProvider | null; close(): void }) {
  const { t } = useSpeech()
  const { data: projects } = useSuspenseQuery(queries.projects)
  const [form, setForm] = useState({
    name: provider?.name ?? '',
    issuer: provider?.issuer ?? '',
    clientId: provider?.clientId ?? '',
    secret: '',
    scope: provider?.scope ?? 'openid email',
    claim: provider?.claim ?? 'groups',
    grants: linesOf(provider?.grants ?? [], projects.items),
  })
  const [tried, setTried] = useState(false)
  const grants = grantsOf(form.grants)
  const lacks = (key: keyof typeof form): boolean =>
    form[key].trim() === '' && key !== 'grants' && !(key === 'secret' && provider)
  const field = (key: keyof typeof form) => ({
    name: key,
    label: t.identityProviders.fields[key],
    value: form[key],
    onChange: (value: string) => setForm(before => ({ ...before, [key]: value })),
    autoComplete: 'off',
    error: tried && lacks(key) ? t.launch.required : null,
  })
  return (
    <Ask
      open
      close={close}
      title={provider ? t.identityProviders.change : t.identityProviders.add}
      confirm={provider ? t.identityProviders.change : t.identityProviders.add}
      act={async () => {
        setTried(true)
        if (grants === null || keys.some(lacks)) return 'stay'
        const { issuer, secret, ...told } = form
        const body = { ...told, grants }
        if (provider) await calls.changeIdentityProvider(provider.id, { ...body, ...(secret === '' ? {} : { secret }) })
        else await calls.addIdentityProvider({ ...body, issuer: issuer.trim(), secret })
        await Promise.all([
          queryClient.invalidateQueries(queries.identityProviders),
          queryClient.invalidateQueries(queries.signInProviders),
        ])
        return 'done'
      }}
    >
      <Field {...field('name')} hint={t.identityProviders.nameHint} />
      {provider === null && <Field {...field('issuer')} hint="https://login.example.org" mono />}
      <Field {...field('clientId')} mono />
      <Field {...field('secret')} type="password" {...(provider ? { hint: t.identityProviders.secretHint } : {})} />
      <Field {...field('scope')} mono />
      <Field {...field('claim')} mono />
      <Field
        {...field('grants')}
        rows={4}
        mono
        hint={t.identityProviders.grantsHint}
        error={tried && grants === null ? t.identityProviders.grantsHint : null}
      />
    </Ask>
  )
}
