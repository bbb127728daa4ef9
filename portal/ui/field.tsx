import type { ReactNode } from 'react'
import { FieldError } from 'react-aria-components/FieldError'
import { Input } from 'react-aria-components/Input'
import { Label } from 'react-aria-components/Label'
import { Text } from 'react-aria-components/Text'
import { TextArea } from 'react-aria-components/TextArea'
import { TextField } from 'react-aria-components/TextField'
import { useSpeech } from '../locales/language.tsx'

export interface FieldProps {
  readonly name: string
  readonly label: string
  readonly value: string
  onChange(value: string): void
  readonly hint?: string
  readonly error?: string | null
  readonly type?: 'text' | 'email' | 'password' | 'number'
  readonly optional?: boolean
  readonly autoComplete?: string
  readonly rows?: number
  readonly mono?: boolean
  readonly min?: number
  readonly max?: number
  readonly autoFocus?: boolean
}

/** One labelled input. The line for its error is always there: a form that jumps loses clicks. */
export function Field({
  name,
  label,
  value,
  onChange,
  hint,
  error = null,
  type = 'text',
  optional,
  rows,
  mono,
  ...input
}: FieldProps) {
  const { t } = useSpeech()
  const look = mono ? 'input mono' : 'input'
  const plain = { spellCheck: false, autoCapitalize: 'none', autoCorrect: 'off', ...input } as const
  return (
    <TextField
      className="field"
      name={name}
      value={value}
      onChange={onChange}
      type={type}
      isInvalid={error !== null}
      validationBehavior="aria"
      isRequired={!optional}
    >
      <Label className="label">
        {label}
        {optional && <span className="soft"> ({t.common.optional})</span>}
      </Label>
      {rows ? <TextArea className={look} rows={rows} {...plain} /> : <Input className={look} {...plain} />}
      <FieldLine hint={hint} error={error} />
    </TextField>
  )
}

/** Hint and error share one reserved line; the error takes the hint's place. */
export function FieldLine({ hint, error }: { hint: ReactNode; error: string | null }) {
  return (
    <div className="field-line">
      {error === null ? (
        hint && (
          <Text slot="description" className="hint">
            {hint}
          </Text>
        )
      ) : (
        <FieldError className="error">{error}</FieldError>
      )}
    </div>
  )
}
