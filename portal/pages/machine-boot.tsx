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
import { say } from '../ui/notices.tsx'

interface BootProps {
  readonly machine: Machine
  readonly role: string
}

/** The server's own choice. */
const itsChoice = ''

/** Images that a machine can boot from, by name. */
function useBootable() {
  const images = useQuery(queries.images)
  return (images.data?.items ?? [])
    .filter(({ state }) => state === 'ready')
    .map(({ id, name, description }) => ({ key: id, label: name, detail: description }))
}

/** A fresh disk of an image, while it is stopped; what is on the old one goes with it. */
export function Rebuild({ machine, role }: BootProps) {
  const { t } = useSpeech()
  const images = useBootable()
  const [open, setOpen] = useState(false)
  const [image, setImage] = useState(machine.image.id)
  const why = machine.rescue ? 'is_rescued' : machine.state === 'stopped' ? null : 'not_stopped'
  const act = async (): Promise<'done'> => {
    const { machine: after } = await calls.rebuild(machine.id, image, crypto.randomUUID())
    machines.put([after])
    await queryClient.invalidateQueries(queries.volumes)
    say(t.machine.rebuilt({ name: machine.name }))
    return 'done'
  }
  return (
    <>
      <Button
        look="quiet"
        reason={role === 'viewer' ? t.reasons.role : why === null ? null : t.reasons[why]}
        onPress={() => {
          setImage(machine.image.id)
          setOpen(true)
        }}
      >
        {t.machine.rebuild}
      </Button>
      <Ask
        open={open}
        close={() => setOpen(false)}
        title={t.machine.rebuildTitle({ name: machine.name })}
        confirm={t.machine.rebuild}
        danger
        act={act}
      >
        <p>{t.machine.rebuildText}</p>
        <Choice name="image" label={t.machine.image} value={image} onChange={setImage} options={images} />
      </Ask>
    </>
  )
}

/** Into rescue, from an image of one's choice, and out of it again. */
export function Rescue({ machine, role }: BootProps) {
  const { t } = useSpeech()
  const images = useBootable()
  const [open, setOpen] = useState(false)
  const [image, setImage] = useState(itsChoice)
  const way = machine.rescue ? 'unrescue' : 'rescue'
  const why = changeRefusal(way, machine.state, machine.rescue !== null)
  const words = t.machine[way]
  const act = async (): Promise<'done'> => {
    const token = crypto.randomUUID()
    const asked = await (way === 'rescue'
      ? calls.rescue(machine.id, image === itsChoice ? {} : { image }, token)
      : calls.unrescue(machine.id, token))
    machines.put([asked.machine])
    say(words.asked({ name: machine.name }))
    return 'done'
  }
  return (
    <>
      <Button
        look="quiet"
        reason={role === 'viewer' ? t.reasons.role : why === null ? null : t.reasons[why]}
        onPress={() => {
          setImage(itsChoice)
          setOpen(true)
        }}
      >
        {words.verb}
      </Button>
      <Ask open={open} close={() => setOpen(false)} title={words.title({ name: machine.name })} confirm={words.verb} act={act}>
        <p>{words.text}</p>
        {way === 'rescue' && (
          <Choice
            name="image"
            label={t.machine.rescueImage}
            hint={t.machine.rescueImageHint}
            value={image}
            onChange={setImage}
            options={[{ key: itsChoice, label: t.machine.rescueChoice }, ...images]}
          />
        )}
      </Ask>
    </>
  )
}
