import { type FormEvent, useEffect, useRef, useState } from 'react'
import type { SignIn } from '../api/types.ts'
import { useSpeech } from '../locales/language.tsx'
import { Button } from '../ui/button.tsx'
import { Field } from '../ui/field.tsx'
import { focusField } from '../ui/focus-field.ts'
import { problemText } from '../ui/problem-text.ts'

/** The password was right: asks for a code of the app, or for a recovery code. */
export function SecondStep({
  challenge,
  enter,
  back,
}: {
  readonly challenge: string
  enter(body: SignIn): Promise<void>
  back(): void
}) {
  const { t } = useSpeech()
  const [code, setCode] = useState('')
  const [busy, setBusy] = useState(false)
  const [missing, setMissing] = useState(false)
  const [problem, setProblem] = useState<unknown>(null)
  const form = useRef<HTMLFormElement>(null)

  useEffect(() => focusField(form.current, 'code'), [])

  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    if (busy) return
    setMissing(code.trim().length < 6)
    setProblem(null)
    if (code.trim().length < 6) return focusField(form.current, 'code')
    setBusy(true)
    try {
      await enter({ challenge, code: code.trim() })
    } catch (error) {
      setProblem(error)
      setBusy(false)
      setCode('')
      focusField(form.current, 'code')
    }
  }

  return (
    <>
      <h1>{t.secondStep.title}</h1>
      <p className="soft">{t.secondStep.lead}</p>
      {problem !== null && (
        <div className="trouble" role="alert">
          <p>{problemText(t, problem)}</p>
        </div>
      )}
      <form ref={form} onSubmit={event => void submit(event)} noValidate>
        <Field
          name="code"
          label={t.secondStep.code}
          hint={t.secondStep.hint}
          value={code}
          onChange={setCode}
          autoComplete="one-time-code"
          mono
          error={missing ? t.secondStep.missing : null}
        />
        <Button type="submit" look="primary" busy={busy}>
          {t.secondStep.submit}
        </Button>
        <Button onPress={back}>{t.secondStep.back}</Button>
      </form>
    </>
  )
}
