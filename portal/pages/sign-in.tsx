import { useLocation, useNavigate, useRouter, useSearch } from '@tanstack/react-router'
import { type FormEvent, useEffect, useRef, useState } from 'react'
import { calls } from '../api/calls.ts'
import { Problem } from '../api/problem.ts'
import { queryClient } from '../api/queries.ts'
import type { SignIn } from '../api/types.ts'
import { useSpeech } from '../locales/language.tsx'
import { type Language, languages } from '../locales/messages.ts'
import { Button } from '../ui/button.tsx'
import { Field } from '../ui/field.tsx'
import { focusField } from '../ui/focus-field.ts'
import { Mark } from '../ui/icons.tsx'
import { problemText } from '../ui/problem-text.ts'
import { Invitation } from './invitation.tsx'
import { SecondStep } from './second-step.tsx'
import { SignInProviders } from './sign-in-providers.tsx'

const invites = 'invitation='

/**
 * By the start command's link, whose token stands behind the `#` and so never in a server's log; by an invitation's; or by password, with a code
 * behind it where the account asks for one.
 */
export function SignInPage() {
  const { t, language, speak } = useSpeech()
  const navigate = useNavigate()
  const router = useRouter()
  const { to } = useSearch({ from: '/sign-in' })
  const link = useLocation({ select: location => location.hash })
  const [phase, setPhase] = useState<'ask' | 'link' | 'busy'>(link === '' ? 'ask' : 'link')
  const [invitation, setInvitation] = useState('')
  const [challenge, setChallenge] = useState('')
  const [problem, setProblem] = useState<{ of: 'link' | 'password' | 'passkey' | 'provider'; error: unknown } | null>(null)
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const [missing, setMissing] = useState<{ email?: string; password?: string }>({})
  const form = useRef<HTMLFormElement>(null)
  const tried = useRef('')

  const enter = async (body: SignIn): Promise<void> => {
    const answer = await calls.signIn(body)
    if ('challenge' in answer) return setChallenge(answer.challenge)
    queryClient.clear()
    if (to) router.history.replace(to)
    else await navigate({ to: '/machines', replace: true })
  }

  const startAgain = (): void => {
    setChallenge('')
    setInvitation('')
    setPassword('')
    setPhase('ask')
  }

  useEffect(() => {
    document.title = `${t.signIn.title} · Sirocco`
  }, [t])

  // biome-ignore lint/correctness/useExhaustiveDependencies: a link works once, and is tried once
  useEffect(() => {
    if (link === '' || tried.current === link) return
    tried.current = link
    // Out of the address at once: neither history nor a screenshot keeps it.
    history.replaceState(history.state, '', location.pathname + location.search)
    if (link.startsWith(invites)) return setInvitation(link.slice(invites.length))
    setPhase('link')
    enter({ link }).catch(error => {
      setProblem({ of: 'link', error })
      setPhase('ask')
    })
  }, [link])

  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    if (phase === 'busy') return
    const lacks = {
      ...(email.trim() === '' ? { email: t.signIn.missingEmail } : {}),
      ...(password === '' ? { password: t.signIn.missingPassword } : {}),
    }
    setMissing(lacks)
    setProblem(null)
    const first = Object.keys(lacks)[0]
    if (first) return focusField(form.current, first)
    setPhase('busy')
    try {
      await enter({ email: email.trim(), password })
    } catch (error) {
      setProblem({ of: 'password', error })
      setPhase('ask')
      focusField(form.current, 'password')
    }
  }

  const byPasskey = async (): Promise<void> => {
    setProblem(null)
    setMissing({})
    setPhase('busy')
    try {
      const { showPasskey } = await import('./passkey-ceremonies.ts')
      await enter(await showPasskey(t.passkeys.unwilling))
    } catch (error) {
      setProblem({ of: 'passkey', error })
      setPhase('ask')
    }
  }

  return (
    <main className="sign-in">
      <div className="sign-in-card">
        <div className="sign-in-brand">
          <Mark />
          <span>Sirocco</span>
        </div>
        {challenge !== '' ? (
          <SecondStep challenge={challenge} enter={enter} back={startAgain} />
        ) : invitation !== '' ? (
          <Invitation token={invitation} enter={enter} />
        ) : phase === 'link' ? (
          <p role="status" className="waiting">
            {t.signIn.linkBusy}…
          </p>
        ) : (
          <>
            <h1>{t.signIn.title}</h1>
            <p className="soft">{t.signIn.lead}</p>
            {problem && (
              <div className="trouble" role="alert">
                {problem.of === 'link' && isRefusal(problem.error) ? (
                  <>
                    <strong>{t.signIn.linkFailed}</strong>
                    <p>{t.signIn.linkFailedText}</p>
                  </>
                ) : (
                  <p>{problem.of === 'password' && isRefusal(problem.error) ? t.signIn.wrong : problemText(t, problem.error)}</p>
                )}
              </div>
            )}
            <form ref={form} onSubmit={event => void submit(event)} noValidate>
              <Field
                name="email"
                label={t.signIn.email}
                type="email"
                value={email}
                onChange={setEmail}
                autoComplete="username"
                error={missing.email ?? null}
              />
              <Field
                name="password"
                label={t.signIn.password}
                type="password"
                value={password}
                onChange={setPassword}
                autoComplete="current-password"
                error={missing.password ?? null}
              />
              <Button type="submit" look="primary" busy={phase === 'busy'}>
                {phase === 'busy' ? t.signIn.busy : t.signIn.submit}
              </Button>
            </form>
            <p>
              <Button onPress={() => void byPasskey()} busy={phase === 'busy'}>
                {t.signIn.passkey}
              </Button>
            </p>
            <SignInProviders to={to ?? ''} busy={phase === 'busy'} failed={error => setProblem({ of: 'provider', error })} />
            <p className="soft small">{t.signIn.link}</p>
          </>
        )}
      </div>
      <p className="tongues">
        {languages.map(each => (
          <button key={each} type="button" lang={each} aria-pressed={each === language} onClick={() => void speak(each)}>
            {names[each]}
          </button>
        ))}
      </p>
    </main>
  )
}

const names: Record<Language, string> = { en: 'English', fr: 'Français' }

const isRefusal = (error: unknown): boolean =>
  error instanceof Problem && ['unauthenticated', 'not_found', 'invalid', 'precondition', 'forbidden'].includes(error.code)
