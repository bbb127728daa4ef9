import { Fragment } from 'react'
import { Dialog } from 'react-aria-components/Dialog'
import { Heading } from 'react-aria-components/Heading'
import { Modal, ModalOverlay } from 'react-aria-components/Modal'
import { useSpeech } from '../locales/language.tsx'
import { Button } from './button.tsx'
import { Copyable } from './copy.tsx'

export interface ShownOnceProps {
  readonly title: string
  readonly text: string
  readonly values: readonly { readonly name: string; readonly value: string }[]
  close(): void
}

/** Secrets that are never shown again. A click beside it does not close it: what was not copied would be lost. */
export function ShownOnce({ title, text, values, close }: ShownOnceProps) {
  const { t } = useSpeech()
  return (
    <ModalOverlay className="veil" isOpen onOpenChange={next => !next && close()}>
      <Modal className="modal">
        <Dialog className="dialog">
          <Heading slot="title">{title}</Heading>
          <p>{text}</p>
          <dl className="facts">
            {values.map(({ name, value }) => (
              <Fragment key={name}>
                <dt>{name}</dt>
                <dd>
                  <Copyable text={value} what={name} />
                </dd>
              </Fragment>
            ))}
          </dl>
          <div className="dialog-actions">
            <Button look="primary" onPress={close}>
              {t.common.close}
            </Button>
          </div>
        </Dialog>
      </Modal>
    </ModalOverlay>
  )
}
