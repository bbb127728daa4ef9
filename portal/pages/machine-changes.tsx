import { changeRefusal } from '@sirocco/shared/model/machines/transitions.ts'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { calls } from '../api/calls.ts'
import { queries, queryClient } from '../api/queries.ts'
import type { Machine } from '../api/types.ts'
import { machines } from '../live/world.ts'
import { useSpeech } from '../locales/language.tsx'
import { Ask } from '../ui/ask.tsx'
import { Button } from '../ui/button.tsx'
import { Choice } from '../ui/choice.tsx'
import { Field } from '../ui/field.tsx'
import { complain, say } from '../ui/notices.tsx'

interface ChangeProps {
  readonly machine: Machine
  readonly role: string
}

/** Why a change rests: by the same table as the server decides, or the reader's role. */
function useReason({ machine, role }: ChangeProps, change: 'rename' | 'protect' | 'resize' | 'snapshot'): string | null {
  const { t } = useSpeech()
  if (role === 'viewer') return t.reasons.role
  const why = changeRefusal(change, machine.state, machine.rescue !== null)
  return why === null ? null : t.reasons[why]
}

/** Another name at once; the guest hears of it when it boots. */
export function Rename({ machine, role }: ChangeProps) {
  const { t } = useSpeech()
  const reason = useReason({ machine, role }, 'rename')
  const [open, setOpen] = useState(false)
  const [name, setName] = useState('')
  const [error, setError] = useState<string | null>(null)
  const act = async (): Promise<'stay' | 'done'> => {
    if (name.trim() === '') {
      setError(t.launch.required)
      return 'stay'
    }
    machines.put([await calls.rename(machine.id, name, crypto.randomUUID())])
    say(t.machine.renamed({ name: name.trim() }))
    return 'done'
  }
  return (
    <>
      <Button
        look="quiet"
        reason={reason}
        onPress={() => {
          setName(machine.name)
          setError(null)
          setOpen(true)
        }}
      >
        {t.machine.rename}
      </Button>
      <Ask
        open={open}
        close={() => setOpen(false)}
        title={t.machine.renameTitle({ name: machine.name })}
        confirm={t.machine.rename}
        act={act}
      >
        <Field
          name="name"
          label={t.machine.name}
          hint={t.machine.renameHint}
          value={name}
          onChange={setName}
          error={error}
          autoFocus
        />
      </Ask>
    </>
  )
}

/** Another flavor's processors and memory, while it is stopped. */
export function Resize({ machine, role }: ChangeProps) {
  const { t, format } = useSpeech()
  const reason = useReason({ machine, role }, 'resize')
  const flavors = useQuery(queries.flavors)
  const [open, setOpen] = useState(false)
  const [flavor, setFlavor] = useState(machine.flavor.name)
  const act = async (): Promise<'done'> => {
    machines.put([await calls.resize(machine.id, flavor, crypto.randomUUID())])
    say(t.machine.resized({ name: machine.name, flavor }))
    return 'done'
  }
  return (
    <>
      <Button
        look="quiet"
        reason={reason}
        onPress={() => {
          setFlavor(machine.flavor.name)
          setOpen(true)
        }}
      >
        {t.machine.resize}
      </Button>
      <Ask
        open={open}
        close={() => setOpen(false)}
        title={t.machine.resizeTitle({ name: machine.name })}
        confirm={t.machine.resize}
        act={act}
      >
        <Choice
          name="flavor"
          label={t.machine.flavor}
          hint={t.machine.resizeHint}
          value={flavor}
          onChange={setFlavor}
          options={(flavors.data?.items ?? []).map(({ name, vcpus, memoryMiB }) => ({
            key: name,
            label: name,
            detail: [t.launch.vcpus({ n: vcpus }), t.launch.memory({ size: format.mib(memoryMiB) })].join(' · '),
          }))}
        />
      </Ask>
    </>
  )
}

/** Keeps what all its volumes hold at one moment. */
export function Keep({ machine, role }: ChangeProps) {
  const { t } = useSpeech()
  const reason = useReason({ machine, role }, 'snapshot')
  const [open, setOpen] = useState(false)
  const act = async (): Promise<'done'> => {
    await calls.snapshotMachine(machine.id, crypto.randomUUID())
    await queryClient.invalidateQueries(queries.snapshots)
    say(t.machine.kept)
    return 'done'
  }
  return (
    <>
      <Button look="quiet" reason={reason} onPress={() => setOpen(true)}>
        {t.machine.keep}
      </Button>
      <Ask
        open={open}
        close={() => setOpen(false)}
        title={t.machine.keepTitle({ name: machine.name })}
        confirm={t.machine.keep}
        act={act}
      >
        <p>{t.machine.keepText}</p>
      </Ask>
    </>
  )
}

/** Deleting is refused while this is on. */
export function Protection({ machine, role }: ChangeProps) {
  const { t } = useSpeech()
  const reason = useReason({ machine, role }, 'protect')
  const [busy, setBusy] = useState(false)
  const turn = async (): Promise<void> => {
    setBusy(true)
    try {
      machines.put([await calls.protect(machine.id, !machine.protected, crypto.randomUUID())])
    } catch (refused) {
      complain(refused)
    } finally {
      setBusy(false)
    }
  }
  return (
    <>
      {machine.protected ? t.machine.protectedOn : t.machine.protectedOff}{' '}
      <Button look="quiet" reason={reason} busy={busy} onPress={() => void turn()}>
        {machine.protected ? t.machine.unprotect : t.machine.protect}
      </Button>
    </>
  )
}
