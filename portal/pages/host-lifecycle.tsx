import type { FenceWay } from '@sirocco/shared/model/hosts/power.ts'
import { useState } from 'react'
import { Checkbox } from 'react-aria-components/Checkbox'
import { calls } from '../api/calls.ts'
import { queries, queryClient } from '../api/queries.ts'
import type { Host, MadeEnrolToken } from '../api/types.ts'
import { useSpeech } from '../locales/language.tsx'
import { Ask } from '../ui/ask.tsx'
import { Button } from '../ui/button.tsx'
import { Copyable } from '../ui/copy.tsx'
import { Field } from '../ui/field.tsx'
import { Moment } from '../ui/moment.tsx'
import { say } from '../ui/notices.tsx'
import { Trouble } from '../ui/trouble.tsx'

/** Makes a one-time line and shows it: the host appears on this page by itself. */
export function AddHost() {
  const { t } = useSpeech()
  const [made, setMade] = useState<MadeEnrolToken | null>(null)
  const [problem, setProblem] = useState<unknown>(null)
  const [busy, setBusy] = useState(false)
  const [converts, setConverts] = useState(false)
  const make = async (): Promise<void> => {
    setBusy(true)
    setProblem(null)
    try {
      setMade(await calls.makeEnrolToken(converts ? ['host', 'convert'] : ['host']))
    } catch (refused) {
      setProblem(refused)
    } finally {
      setBusy(false)
    }
  }
  return (
    <>
      <Checkbox className="checkbox" isSelected={converts} onChange={setConverts}>
        <span className="box" aria-hidden="true" />
        {t.hosts.addConverts}
      </Checkbox>
      <Button look="primary" busy={busy} onPress={() => void make()}>
        {t.hosts.add}
      </Button>
      {problem !== null && <Trouble problem={problem} />}
      <Ask
        open={made !== null}
        close={() => setMade(null)}
        title={t.hosts.add}
        confirm={t.hosts.addDone}
        act={async () => {
          await queryClient.invalidateQueries(queries.hosts)
          return 'done'
        }}
      >
        {made && (
          <>
            <p>{made.line === null ? t.hosts.addNoLine : t.hosts.addText}</p>
            <Copyable text={made.line ?? made.token} what={t.hosts.addLine} />
            <p className="soft">
              {t.hosts.addUntil} <Moment at={made.expiresAt} />
            </p>
          </>
        )}
      </Ask>
    </>
  )
}

/** What an admin may do about a host that is gone, or goes. */
export function HostVerbs({ host }: { host: Host }) {
  const { t } = useSpeech()
  const [asking, setAsking] = useState<'fence' | 'remove' | null>(null)
  const [typed, setTyped] = useState('')
  const close = (): void => {
    setAsking(null)
    setTyped('')
  }
  const fence = async (how: FenceWay): Promise<'done'> => {
    await calls.fenceHost(host.id, how, typed.trim(), crypto.randomUUID())
    await queryClient.invalidateQueries(queries.hosts)
    say(t.hosts.fenceAsked({ name: host.name }))
    return 'done'
  }
  const remove = async (): Promise<'done'> => {
    await calls.removeHost(host.id, crypto.randomUUID())
    await queryClient.invalidateQueries(queries.hosts)
    say(t.hosts.removed({ name: host.name }))
    return 'done'
  }
  const controlled = host.power !== null
  return (
    <div className="dialog-actions">
      {host.state === 'silent' && (
        <Button reason={host.fenced ? t.hosts.fencedAlready : null} onPress={() => setAsking('fence')}>
          {t.hosts.fence}
        </Button>
      )}
      <Button reason={host.machines > 0 ? t.hosts.removeNot : null} onPress={() => setAsking('remove')}>
        {t.hosts.remove}
      </Button>
      <Ask
        open={asking === 'fence'}
        close={close}
        title={t.hosts.fenceTitle({ name: host.name })}
        confirm={controlled ? t.hosts.fenceByPower : t.hosts.fence}
        danger
        act={() => fence(host.power && typed.trim() === '' ? host.power.way : 'word')}
      >
        <p>{controlled ? t.hosts.fencePower : t.hosts.fenceText}</p>
        <Field
          name="confirm"
          label={t.hosts.fenceName({ name: host.name })}
          value={typed}
          onChange={setTyped}
          optional={controlled}
          mono
        />
      </Ask>
      <Ask
        open={asking === 'remove'}
        close={close}
        title={t.hosts.removeTitle({ name: host.name })}
        confirm={t.hosts.remove}
        danger
        act={remove}
      >
        <p>{t.hosts.removeText}</p>
      </Ask>
    </div>
  )
}
