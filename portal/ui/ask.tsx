import { type ReactNode, useState } from 'react'
import { Dialog } from 'react-aria-components/Dialog'
import { Heading } from 'react-aria-components/Heading'
import { Modal, ModalOverlay } from 'react-aria-components/Modal'
import { useSpeech } from '../locales/language.tsx'
import { Button } from './button.tsx'
import { Trouble } from './trouble.tsx'

export interface AskProps {
  readonly open: boolean
  close(): void
  readonly title: string
  readonly children: ReactNode
  readonly confirm: string
  readonly danger?: boolean
  /** What is asked for. A refusal keeps the dialog open and is shown in it; `stay` keeps it open for what was filled in wrongly. */
  act(): Promise<'stay' | 'done'>
}

/** A question before something is done. Focus is caught, Escape means no, and focus goes back to where it came from. */
export function Ask({ open, close, title, children, confirm, danger = false, act }: AskProps) {
  const { t } = useSpeech()
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<unknown>(null)
  const done = (): void => {
    setProblem(null)
    close()
  }
  const go = async (): Promise<void> => {
    setBusy(true)
    setProblem(null)
    try {
      if ((await act()) === 'done') done()
    } catch (refused) {
      setProblem(refused)
    } finally {
      setBusy(false)
    }
  }
  return (
    <ModalOverlay className="veil" isOpen={open} onOpenChange={next => !next && done()} isDismissable={!busy}>
      <Modal className="modal">
        <Dialog className="dialog" role={danger ? 'alertdialog' : 'dialog'}>
          <Heading slot="title">{title}</Heading>
          <form
            onSubmit={event => {
              event.preventDefault()
              if (!busy) void go()
            }}
          >
            {children}
            {problem !== null && <Trouble problem={problem} />}
            <div className="dialog-actions">
              <Button onPress={done}>{t.common.cancel}</Button>
              <Button type="submit" look={danger ? 'danger' : 'primary'} busy={busy}>
                {confirm}
              </Button>
            </div>
          </form>
        </Dialog>
      </Modal>
    </ModalOverlay>
  )
}
