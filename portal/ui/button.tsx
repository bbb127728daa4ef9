import { type ReactNode, useId } from 'react'
import { Button as AriaButton, type ButtonProps as AriaButtonProps } from 'react-aria-components/Button'
import { Tooltip, TooltipTrigger } from 'react-aria-components/Tooltip'

export interface ButtonProps extends Omit<AriaButtonProps, 'className' | 'isDisabled' | 'children'> {
  readonly look?: 'primary' | 'plain' | 'quiet' | 'danger'
  readonly children: ReactNode
  /** Why it cannot be pressed now; it stays focusable, so that the reason can be read. */
  readonly reason?: string | null
  readonly busy?: boolean
}

/** A button that is never hidden and never silent: when it cannot be pressed it says why, to the eye and to a screen reader. */
export function Button({ look = 'plain', reason = null, busy = false, children, onPress, ...rest }: ButtonProps) {
  const id = useId()
  const still = reason !== null || busy
  const button = (
    <AriaButton
      {...rest}
      className={`button ${look}${busy ? ' busy' : ''}`}
      {...(still ? { 'aria-disabled': true, type: 'button' } : onPress ? { onPress } : {})}
      {...(reason === null ? {} : { 'aria-describedby': id })}
    >
      {children}
    </AriaButton>
  )
  if (reason === null) return button
  return (
    <>
      <TooltipTrigger delay={200} closeDelay={80}>
        {button}
        <Tooltip className="tooltip" offset={6}>
          {reason}
        </Tooltip>
      </TooltipTrigger>
      <span id={id} hidden>
        {reason}
      </span>
    </>
  )
}

/** An icon with words behind it: the label is its accessible name and its tooltip. */
export function IconButton({
  label,
  children,
  ...rest
}: Omit<AriaButtonProps, 'className' | 'children'> & { label: string; children: ReactNode }) {
  return (
    <TooltipTrigger delay={400} closeDelay={80}>
      <AriaButton {...rest} className="icon-button" aria-label={label}>
        {children}
      </AriaButton>
      <Tooltip className="tooltip" offset={6}>
        {label}
      </Tooltip>
    </TooltipTrigger>
  )
}
