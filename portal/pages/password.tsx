import { useRef, useState } from 'react'
import { calls } from '../api/calls.ts'
import { Problem } from '../api/problem.ts'
import { useSpeech } from '../locales/language.tsx'
import { told } from '../locales/told.ts'
import { Ask } from '../ui/ask.tsx'
import { Button } from '../ui/button.tsx'
import { Field } from '../ui/field.tsx'
import { focusField } from '../ui/focus-field.ts'
import { say } from '../ui/notices.tsx'

/** One's own password: another one, for who knows the old. */
export function Password() {
  const { t } = useSpeech()
  const [open, setOpen] = useState(false)
  return (
    <>
      <h3>{t.signIn.password}</h3>
      <div className="actions">
        <Button onPress={() => setOpen(true)}>{t.password.change}</Button>
      </div>
      {open && <Change close={() => setOpen(false)} />}
    </>
  )
}

function Change({ close }: { close(): void }) {
  const { t } = useSpeech()
  const [old, setOld] = useState('')
  const [wanted, setWanted] = useState('')
  const [errors, setErrors] = useState<{ old?: string; new?: string }>({})
  const fields = useRef<HTMLDivElement>(null)

  const act = async (): Promise<'stay' | 'done'> => {
    setErrors({})
    try {
      await calls.changePassword({ ...(old === '' ? {} : { old }), new: wanted })
    } catch (error) {
      if (!(error instanceof Problem) || (error.field !== 'old' && error.field !== 'new')) throw error
      setErrors({ [error.field]: told(t, error) })
      focusField(fields.current, error.field)
      return 'stay'
    }
    say(t.password.changed)
    return 'done'
  }

  return (
    <Ask open close={close} title={t.password.change} confirm={t.password.change} act={act}>
      <p>{t.password.lead}</p>
      <div ref={fields}>
        <Field
          name="old"
          label={t.password.old}
          type="password"
          value={old}
          onChange={setOld}
          autoComplete="current-password"
          autoFocus
          error={errors.old ?? null}
        />
        <Field
          name="new"
          label={t.password.new}
          type="password"
          value={wanted}
          onChange={setWanted}
          autoComplete="new-password"
          error={errors.new ?? null}
        />
      </div>
    </Ask>
  )
}
