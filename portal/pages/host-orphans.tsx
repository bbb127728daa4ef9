import { useQuery, useSuspenseQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { calls } from '../api/calls.ts'
import { queries, queryClient } from '../api/queries.ts'
import type { Host, Orphan } from '../api/types.ts'
import { useSpeech } from '../locales/language.tsx'
import { Ask } from '../ui/ask.tsx'
import { Button } from '../ui/button.tsx'
import { Choice } from '../ui/choice.tsx'
import { Field } from '../ui/field.tsx'
import { Moment } from '../ui/moment.tsx'
import { say } from '../ui/notices.tsx'
import { Trouble } from '../ui/trouble.tsx'

/** Machines on a host that nothing here asks for, and what an admin may choose to become of each. */
export function HostOrphans({ host }: { host: Host }) {
  const { t } = useSpeech()
  // What the host itself says of them tells when the list is another.
  const orphans = useQuery(queries.orphans(host.id, host.orphans.map(({ machine, power }) => `${machine} ${power}`).join()))
  if (host.orphans.length === 0) return null
  return (
    <section className="warn">
      <h3>{t.orphans.title}</h3>
      <p>{t.orphans.text}</p>
      {orphans.error && <Trouble problem={orphans.error} again={() => void orphans.refetch()} />}
      <ul>
        {orphans.data?.items.map(orphan => (
          <Found key={orphan.id} host={host} orphan={orphan} />
        ))}
      </ul>
    </section>
  )
}

function Found({ host, orphan }: { host: Host; orphan: Orphan }) {
  const { t, format } = useSpeech()
  const [asking, setAsking] = useState<'adopt' | 'remove' | null>(null)
  const { made, name } = orphan
  const close = (): void => setAsking(null)
  return (
    <li>
      <strong>{name}</strong> <code>{orphan.machine}</code> {t.orphans.powers[orphan.power]}
      {made &&
        `, ${t.orphans.madeOf({ vcpus: format.number(made.vcpus), memory: format.mib(made.memoryMiB), disks: format.number(made.volumes.length) })}`}
      , {t.orphans.since} <Moment at={orphan.since} />
      <div className="dialog-actions">
        <Button
          reason={orphan.removing ? t.orphans.removing : made === null ? t.orphans.unknown : null}
          onPress={() => setAsking('adopt')}
          aria-label={t.orphans.adoptOf({ name })}
        >
          {t.orphans.adopt}
        </Button>
        <Button
          reason={orphan.removing ? t.orphans.removing : null}
          onPress={() => setAsking('remove')}
          aria-label={t.orphans.removeOf({ name })}
        >
          {t.orphans.remove}
        </Button>
      </div>
      {asking === 'adopt' && <Adopt host={host} orphan={orphan} close={close} />}
      {asking === 'remove' && <Remove host={host} orphan={orphan} close={close} />}
    </li>
  )
}

interface ChoiceProps {
  readonly host: Host
  readonly orphan: Orphan
  close(): void
}

const changed = async (): Promise<void> => {
  await Promise.all([queryClient.invalidateQueries(queries.hosts), queryClient.invalidateQueries({ queryKey: ['orphans'] })])
}

function Adopt({ host, orphan, close }: ChoiceProps) {
  const { t } = useSpeech()
  const { data: me } = useSuspenseQuery(queries.me)
  const images = useQuery(queries.images)
  const [project, setProject] = useState(me.project.name)
  const [image, setImage] = useState(orphan.made?.image ?? '')
  const act = async (): Promise<'done'> => {
    await calls.adoptOrphan(
      host.id,
      orphan.id,
      { project: project.trim(), ...(image === '' ? {} : { image }) },
      crypto.randomUUID(),
    )
    await changed()
    say(t.orphans.adopted({ name: orphan.name, project: project.trim() }))
    return 'done'
  }
  const options = (images.data?.items ?? [])
    .filter(({ state }) => state === 'ready')
    .map(({ id, name, description }) => ({ key: id, label: name, detail: description }))
  return (
    <Ask open close={close} title={t.orphans.adoptTitle({ name: orphan.name })} confirm={t.orphans.adopt} act={act}>
      <p>{t.orphans.adoptText}</p>
      <Field name="project" label={t.orphans.project} value={project} onChange={setProject} />
      <Choice
        name="image"
        label={t.orphans.image}
        hint={t.orphans.imageHint}
        value={image === '' ? null : image}
        onChange={setImage}
        options={options}
      />
    </Ask>
  )
}

function Remove({ host, orphan, close }: ChoiceProps) {
  const { t } = useSpeech()
  const [typed, setTyped] = useState('')
  const act = async (): Promise<'done'> => {
    await calls.removeOrphan(host.id, orphan.id, typed.trim(), crypto.randomUUID())
    await changed()
    say(t.orphans.removeAsked({ name: orphan.name, host: host.name }))
    return 'done'
  }
  return (
    <Ask open close={close} title={t.orphans.removeTitle({ name: orphan.name })} confirm={t.orphans.remove} danger act={act}>
      <p>{t.orphans.removeText}</p>
      <Field name="confirm" label={t.orphans.removeName({ name: orphan.name })} value={typed} onChange={setTyped} mono />
    </Ask>
  )
}
