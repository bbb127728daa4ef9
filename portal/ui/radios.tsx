import { Label } from 'react-aria-components/Label'
import { Radio, RadioGroup } from 'react-aria-components/RadioGroup'
import { FieldLine } from './field.tsx'

export interface RadiosProps<K extends string> {
  readonly label: string
  readonly options: readonly { readonly key: K; readonly label: string }[]
  readonly value: K
  onChange(value: K): void
  readonly hint?: string
}

/** One of very few, all in sight. */
export function Radios<K extends string>({ label, options, value, onChange, hint }: RadiosProps<K>) {
  return (
    <RadioGroup
      className="field"
      value={value}
      onChange={key => {
        const chosen = options.find(option => option.key === key)
        if (chosen) onChange(chosen.key)
      }}
    >
      <Label className="label">{label}</Label>
      <div className="radios">
        {options.map(option => (
          <Radio key={option.key} value={option.key} className="radio">
            {option.label}
          </Radio>
        ))}
      </div>
      <FieldLine hint={hint} error={null} />
    </RadioGroup>
  )
}
