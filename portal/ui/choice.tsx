import { Button } from 'react-aria-components/Button'
import { Label } from 'react-aria-components/Label'
import { ListBox, ListBoxItem } from 'react-aria-components/ListBox'
import { Popover } from 'react-aria-components/Popover'
import { Select, SelectValue } from 'react-aria-components/Select'
import { Text } from 'react-aria-components/Text'
import { useSpeech } from '../locales/language.tsx'
import { FieldLine } from './field.tsx'
import { icons } from './icons.tsx'

export interface Option<K extends string> {
  readonly key: K
  readonly label: string
  readonly detail?: string
  /** Why it cannot be chosen. */
  readonly reason?: string | null
}

export interface ChoiceProps<K extends string> {
  readonly label: string
  readonly options: readonly Option<K>[]
  readonly value: K | null
  onChange(value: K): void
  readonly hint?: string
  readonly error?: string | null
  readonly name?: string
}

/** One of a few, each with a line that says more. */
export function Choice<K extends string>({ label, options, value, onChange, hint, error = null, name }: ChoiceProps<K>) {
  const { t } = useSpeech()
  return (
    <Select
      className="field choice"
      value={value}
      onChange={key => {
        const chosen = options.find(option => option.key === key)
        if (chosen) onChange(chosen.key)
      }}
      isInvalid={error !== null}
      validationBehavior="aria"
      placeholder={t.common.choose}
      disabledKeys={options.filter(option => option.reason).map(option => option.key)}
      {...(name ? { 'data-field': name } : {})}
    >
      <Label className="label">{label}</Label>
      <Button className="input choice-button">
        <SelectValue className="choice-value">
          {({ selectedText, isPlaceholder }) => (isPlaceholder ? t.common.choose : selectedText)}
        </SelectValue>
        {icons.chevron}
      </Button>
      <FieldLine hint={hint} error={error} />
      <Popover className="popover" offset={4}>
        <ListBox className="list-box">
          {options.map(option => (
            <ListBoxItem key={option.key} id={option.key} textValue={option.label} className="list-item">
              <Text slot="label">{option.label}</Text>
              {(option.reason || option.detail) && (
                <Text slot="description" className="hint">
                  {option.reason || option.detail}
                </Text>
              )}
            </ListBoxItem>
          ))}
        </ListBox>
      </Popover>
    </Select>
  )
}
