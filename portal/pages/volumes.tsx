import { useQuery, useSuspenseQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { calls } from '../api/calls.ts'
import { queries, queryClient } from '../api/queries.ts'
import type { Backup, Snapshot, Volume } from '../api/types.ts'
import { useRows } from '../live/use-collection.ts'
import { machines } from '../live/world.ts'
import { useSpeech } from '../locales/language.tsx'
import { Ask } from '../ui/ask.tsx'
import { Button } from '../ui/button.tsx'
import { Choice } from '../ui/choice.tsx'
import { Copyable } from '../ui/copy.tsx'
import { Field } from '../ui/field.tsx'
import { Loaded } from '../ui/loaded.tsx'
import { Moment } from '../ui/moment.tsx'
import { say } from '../ui/notices.tsx'
import { Page } from '../ui/page.tsx'
import { Empty, Trouble } from '../ui/trouble.tsx'
import { Backups } from './backups.tsx'
import { nameOf, sizeOf, type VolumeDeed, whyNot } from './volume-deeds.ts'

/** What is asked about one volume or snapshot; null: nothing. */
type Asked =
  | { readonly deed: 'create'; readonly snapshot: Snapshot | Backup | null }
  | { readonly deed: VolumeDeed; readonly volume: Volume }
  | { readonly deed: 'forget'; readonly snapshot: Snapshot }
  | { readonly deed: 'forgetBackup'; readonly snapshot: Backup }
  | { readonly deed: 'revert'; readonly snapshot: Snapshot }
  | { readonly deed: 'revertMachine'; readonly snapshot: Snapshot; readonly machine: string }
  | null

const refresh = async (): Promise<void> => {
  const all = [queries.volumes, queries.snapshots, queries.backups].map(({ queryKey }) => queryKey)
  await Promise.all(all.map(queryKey => queryClient.invalidateQueries({ queryKey })))
}

/** Block storage: volumes, which machines have them, and what they held at some moment. */
export function VolumesPage() {
  const { t } = useSpeech()
  const { data: me } = useSuspenseQuery(queries.me)
  const volumes = useQuery(queries.volumes)
  const [asked, setAsked] = useState<Asked>(null)
  const reason = me.role === 'viewer' ? t.reasons.role : null
  const create = (
    <Button look="primary" reason={reason} onPress={() => setAsked({ deed: 'create', snapshot: null })}>
      {t.volumes.create}
    </Button>
  )
  return (
    <Page title={t.volumes.title} lead={t.volumes.lead} aside={create}>
      <Loaded query={volumes}>
        {data =>
          data.items.length === 0 ? (
            <Empty title={t.volumes.emptyTitle}>
              <p>{t.volumes.emptyText}</p>
            </Empty>
          ) : (
            <Volumes volumes={data.items} reason={reason} ask={setAsked} />
          )
        }
      </Loaded>
      <Snapshots volumes={volumes.data?.items ?? []} reason={reason} ask={setAsked} />
      <Backups
        reason={reason}
        restore={snapshot => setAsked({ deed: 'create', snapshot })}
        forget={snapshot => setAsked({ deed: 'forgetBackup', snapshot })}
      />
      <Question key={JSON.stringify(asked)} asked={asked} close={() => setAsked(null)} />
    </Page>
  )
}

interface ListProps {
  readonly reason: string | null
  ask(asked: Asked): void
}

function Volumes({ volumes, reason, ask }: ListProps & { volumes: readonly Volume[] }) {
  const { t, format } = useSpeech()
  return (
    <div className="sheet">
      <table className="grid">
        <caption className="unseen">{t.volumes.title}</caption>
        <thead>
          <tr>
            <th scope="col">{t.volumes.name}</th>
            <th scope="col">{t.volumes.state}</th>
            <th scope="col">{t.volumes.size}</th>
            <th scope="col">{t.volumes.machine}</th>
            <th scope="col" className="col-wide">
              {t.volumes.id}
            </th>
            <th scope="col">
              <span className="unseen">{t.volumes.actions}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {volumes.map(volume => (
            <tr key={volume.id}>
              <th scope="row">{nameOf(volume)}</th>
              <td>
                {t.volumes.states[volume.state]}
                {(volume.progress ?? volume.stateReason?.message) && (
                  <span className="soft small block">{volume.progress ?? volume.stateReason?.message}</span>
                )}
              </td>
              <td>{format.mib(volume.sizeMiB)}</td>
              <td>
                {volume.attachment && (
                  <Link to="/machines/$machine" params={{ machine: volume.attachment.machine }}>
                    {t.volumes.as({ machine: volume.attachment.machineEc2Id, device: volume.attachment.device })}
                  </Link>
                )}
              </td>
              <td className="col-wide">
                <Copyable text={volume.ec2Id} what={t.volumes.id} />
              </td>
              <td className="end">
                <div className="actions">
                  {(['attach', 'detach', 'grow', 'snapshot', 'backup', 'capture', 'delete'] as const)
                    .filter(deed => deed !== (volume.attachment ? 'attach' : 'detach'))
                    .map(deed => {
                      const why = whyNot(deed, volume)
                      return (
                        <Button
                          key={deed}
                          look="quiet"
                          aria-label={`${t.volumes.deeds[deed]} ${nameOf(volume)}`}
                          reason={reason ?? (why && t.volumes.reasons[why])}
                          onPress={() => ask({ deed, volume })}
                        >
                          {t.volumes.deeds[deed]}
                        </Button>
                      )
                    })}
                </div>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Snapshots({ volumes, reason, ask }: ListProps & { volumes: readonly Volume[] }) {
  const { t, format } = useSpeech()
  const snapshots = useQuery(queries.snapshots)
  if (snapshots.error) return <Trouble problem={snapshots.error} again={() => void snapshots.refetch()} />
  if (!snapshots.data || snapshots.data.items.length === 0) return null
  return (
    <section className="further">
      <h2>{t.volumes.snapshots}</h2>
      <div className="sheet">
        <table className="grid">
          <caption className="unseen">{t.volumes.snapshots}</caption>
          <thead>
            <tr>
              <th scope="col">{t.volumes.name}</th>
              <th scope="col">{t.volumes.state}</th>
              <th scope="col">{t.volumes.size}</th>
              <th scope="col">{t.volumes.of}</th>
              <th scope="col" className="col-created">
                {t.volumes.created}
              </th>
              <th scope="col">
                <span className="unseen">{t.volumes.actions}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {snapshots.data.items.map(snapshot => (
              <tr key={snapshot.id}>
                <th scope="row">{nameOf(snapshot)}</th>
                <td>
                  {t.volumes.snapshotStates[snapshot.state]}
                  {snapshot.moment !== null && snapshot.consistency !== null && (
                    <span className="soft small block">
                      {t.volumes.ofMoment}, {t.volumes.consistency[snapshot.consistency]}
                    </span>
                  )}
                </td>
                <td>{format.mib(snapshot.sizeMiB)}</td>
                <td>{snapshot.volumeEc2Id}</td>
                <td className="col-created">
                  <Moment at={snapshot.createdAt} />
                </td>
                <td className="end">
                  <div className="actions">
                    <Button
                      look="quiet"
                      aria-label={`${t.volumes.restore} ${nameOf(snapshot)}`}
                      reason={reason ?? (snapshot.state === 'ready' ? null : t.volumes.reasons.not_ready)}
                      onPress={() => ask({ deed: 'create', snapshot })}
                    >
                      {t.volumes.restore}
                    </Button>
                    {waysBack(snapshot, volumes).map(way => (
                      <Button
                        key={way.deed}
                        look="quiet"
                        aria-label={`${t.volumes[way.deed]} ${nameOf(snapshot)}`}
                        reason={reason ?? (snapshot.state === 'ready' ? null : t.volumes.reasons.not_ready)}
                        onPress={() => ask(way)}
                      >
                        {t.volumes[way.deed]}
                      </Button>
                    ))}
                    <Button
                      look="quiet"
                      aria-label={`${t.volumes.deeds.delete} ${nameOf(snapshot)}`}
                      reason={reason}
                      onPress={() => ask({ deed: 'forget', snapshot })}
                    >
                      {t.volumes.deeds.delete}
                    </Button>
                  </div>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  )
}

/** Its volume alone, where that still is; all of its machine, where they were kept together. */
function waysBack(snapshot: Snapshot, volumes: readonly Volume[]) {
  const volume = volumes.find(({ id, state }) => id === snapshot.volume && state !== 'gone' && state !== 'deleting')
  const machine = volume?.attachment?.machine
  return [
    ...(volume ? [{ deed: 'revert', snapshot } as const] : []),
    ...(machine !== undefined && snapshot.moment !== null ? [{ deed: 'revertMachine', snapshot, machine } as const] : []),
  ]
}

function Question({ asked, close }: { asked: Asked; close(): void }) {
  const { t } = useSpeech()
  const least = asked?.deed === 'grow' ? asked.volume.sizeMiB : asked?.deed === 'create' ? (asked.snapshot?.sizeMiB ?? 1) : 1
  const [name, setName] = useState('')
  const [gib, setGib] = useState(String(Math.max(1, Math.ceil(least / 1024))))
  const [machine, setMachine] = useState<string | null>(null)
  const [wrong, setWrong] = useState<string | null>(null)
  const all = useRows(machines)
  if (asked === null) return null
  const size = sizeOf(gib, least)

  const act = async (): Promise<'stay' | 'done'> => {
    const asks = { create: size === null, grow: size === null, attach: machine === null } as Partial<Record<string, boolean>>
    if (asks[asked.deed]) {
      setWrong(asked.deed === 'attach' ? t.volumes.chooseMachine : t.volumes.badSize)
      return 'stay'
    }
    await deed(asked, { name: name.trim(), sizeMiB: size ?? least, machine: machine ?? '' })
    await refresh()
    say(t.volumes.asked)
    return 'done'
  }
  const subject = 'volume' in asked ? asked.volume : asked.snapshot
  const danger = asked.deed !== 'create' && (!('volume' in asked) || asked.deed === 'delete')
  const word =
    asked.deed === 'create'
      ? t.volumes.create
      : asked.deed === 'forget' || asked.deed === 'forgetBackup'
        ? t.volumes.deeds.delete
        : 'volume' in asked
          ? t.volumes.deeds[asked.deed]
          : t.volumes[asked.deed]
  return (
    <Ask open close={close} title={subject ? `${word}: ${nameOf(subject)}` : word} confirm={word} danger={danger} act={act}>
      <p>{t.volumes.texts[asked.deed]}</p>
      {(asked.deed === 'create' || asked.deed === 'snapshot' || asked.deed === 'backup' || asked.deed === 'capture') && (
        <Field name="name" label={t.volumes.name} value={name} onChange={setName} optional autoComplete="off" autoFocus />
      )}
      {(asked.deed === 'create' || asked.deed === 'grow') && (
        <Field name="size" label={t.volumes.gib} type="number" min={1} value={gib} onChange={setGib} error={wrong} />
      )}
      {asked.deed === 'attach' && (
        <Choice
          label={t.volumes.machine}
          value={machine}
          onChange={setMachine}
          error={wrong}
          options={all
            .filter(({ state }) => state !== 'gone' && state !== 'deleting')
            .map(({ id, name, ec2Id }) => ({ key: id, label: name || ec2Id, detail: ec2Id }))}
        />
      )}
    </Ask>
  )
}

async function deed(asked: NonNullable<Asked>, given: { name: string; sizeMiB: number; machine: string }): Promise<void> {
  const { name, sizeMiB, machine } = given
  const named = name === '' ? {} : { name }
  if (asked.deed === 'create') await calls.createVolume({ ...named, sizeMiB, ...sourceOf(asked.snapshot) })
  else if (asked.deed === 'forget') await calls.deleteSnapshot(asked.snapshot.id)
  else if (asked.deed === 'forgetBackup') await calls.deleteBackup(asked.snapshot.id)
  else if (asked.deed === 'revert') await calls.changeVolume('revert', asked.snapshot.volume, { snapshot: asked.snapshot.id })
  else if (asked.deed === 'revertMachine') await calls.revertMachine(asked.machine, asked.snapshot.id)
  else if (asked.deed === 'snapshot') await calls.createSnapshot({ ...named, volume: asked.volume.id })
  else if (asked.deed === 'backup') await calls.createBackup({ ...named, volume: asked.volume.id })
  else if (asked.deed === 'capture') {
    await calls.captureImage({ name: name || nameOf(asked.volume), volume: asked.volume.id })
    await queryClient.invalidateQueries(queries.images)
  } else if (asked.deed === 'delete') await calls.deleteVolume(asked.volume.id)
  else await calls.changeVolume(asked.deed, asked.volume.id, { attach: { machine }, detach: {}, grow: { sizeMiB } }[asked.deed])
}

const sourceOf = (from: Snapshot | Backup | null) =>
  from === null ? {} : 'storedBytes' in from ? { backup: from.id } : { snapshot: from.id }
