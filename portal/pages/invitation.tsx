import { type FormEvent, useEffect, useRef, useState } from 'react'
import { Problem } from '../api/problem.ts'
import type { SignIn } from '../api/types.ts'
import { useSpeech } from '../locales/language.tsx'
import { Button } from '../ui/button.tsx'
import { Field } from '../ui/field.tsx'
import { focusField } from '../ui/focus-field.ts'
import { problemText } from '../ui/problem-text.ts'

/** Takes an invitation up: whoever is new chooses a password with it, whoever has an account shows theirs. */
export function Invitation({ token, enter }: { readonly token: string; enter(body: SignIn): Promise<void> }) {
  const { t } = useSpeech()
  const [password, setPassword] = useState('')
  const [busy, setBusy] = useState(false)
  const [missing, setMissing] = useState(false)
  const [problem, setProblem] = useState<unknown>(null)
  const form = useRef<HTMLFormElement>(null)

  useEffect(() => {
    document.title = `${t.invitation.title} · Sirocco`
  }, [t])

  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    if (busy) return
    setMissing(password === '')
    setProblem(null)
    if (password === '') return focusField(form.current, 'password')
    setBusy(true)
    try {
      await enter({ invitation: token, password })
    } catch (error) {
      setProblem(error)
      setBusy(false)
      focusField(form.current, 'password')
    }
  }

  return (
    <>
      <h1>{t.invitation.title}</h1>
      <p className="soft">{t.invitation.lead}</p>
      {problem !== null && (
        <div className="trouble" role="alert">
          <p>
            {problem instanceof Problem && problem.code === 'unauthenticated' ? t.invitation.refused : problemText(t, problem)}
          </p>
        </div>
      )}
      <form ref={form} onSubmit={event => void submit(event)} noValidate>
        <Field
          name="password"
          label={t.signIn.password}
          hint={t.invitation.hint}
          type="password"
          value={password}
          onChange={setPassword}
          autoComplete="off"
          error={missing ? t.signIn.missingPassword : null}
        />
        <Button type="submit" look="primary" busy={busy}>
          {t.invitation.submit}
        </Button>
      </form>
    </>
  )
}
