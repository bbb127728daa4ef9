import type { MachineVerb } from '@sirocco/shared/model/machines/states.ts'
import { useState } from 'react'
import { Checkbox } from 'react-aria-components/Checkbox'
import { calls } from '../api/calls.ts'
import type { Machine } from '../api/types.ts'
import { machines } from '../live/world.ts'
import { useSpeech } from '../locales/language.tsx'
import { Ask } from '../ui/ask.tsx'
import { Button } from '../ui/button.tsx'
import { complain, say } from '../ui/notices.tsx'
import { restsOf } from './machine-actions.ts'

const shown = ['start', 'stop', 'reboot', 'pause', 'suspend', 'delete'] as const satisfies readonly MachineVerb[]
/** What stands still is not started but goes on. */
const shownStill = ['resume', 'stop', 'reboot', 'pause', 'suspend', 'delete'] as const satisfies readonly MachineVerb[]
const verbsOf = ({ state }: Machine) => (state === 'paused' || state === 'suspended' ? shownStill : shown)

/** What can be done with a machine; what cannot says why. Stop and delete ask first. */
export function Actions({ machine, role }: { machine: Machine; role: string }) {
  const { t } = useSpeech()
  const [asking, setAsking] = useState<'stop' | 'delete' | null>(null)
  const [busy, setBusy] = useState<MachineVerb | null>(null)
  const [force, setForce] = useState(false)
  const rests = restsOf(machine.state, role)
  const name = machine.name || machine.ec2Id

  const act = async (verb: MachineVerb): Promise<'done'> => {
    const { machine: after } = await calls.act(verb, machine.id, force && verb === 'stop', crypto.randomUUID())
    machines.put([after])
    say(t.asked[verb]({ name }))
    return 'done'
  }
  const press = async (verb: MachineVerb): Promise<void> => {
    if (verb === 'stop' || verb === 'delete') {
      setForce(false)
      return setAsking(verb)
    }
    setBusy(verb)
    await act(verb).catch(complain)
    setBusy(null)
  }

  return (
    <div className="actions" role="toolbar" aria-label={t.machine.actions}>
      {verbsOf(machine).map(verb => {
        const rest = verb === 'delete' && machine.protected ? 'is_protected' : rests[verb]
        return (
          <Button
            key={verb}
            look={verb === 'delete' ? 'danger' : 'plain'}
            reason={rest === null ? null : t.reasons[rest]}
            busy={busy === verb}
            onPress={() => void press(verb)}
          >
            {t.verbs[verb]}
          </Button>
        )
      })}
      <Ask
        open={asking === 'stop'}
        close={() => setAsking(null)}
        title={t.machine.stopTitle({ name })}
        confirm={t.machine.stopConfirm}
        act={() => act('stop')}
      >
        <p>{machine.state === 'suspended' ? t.machine.stopSuspended : t.machine.stopText}</p>
        <Checkbox className="checkbox" isSelected={force} onChange={setForce}>
          <span className="box" aria-hidden="true" />
          <span>
            {t.machine.stopForce}
            <span className="soft small block">{t.machine.stopForceHint}</span>
          </span>
        </Checkbox>
      </Ask>
      <Ask
        open={asking === 'delete'}
        close={() => setAsking(null)}
        title={t.machine.deleteTitle({ name })}
        confirm={t.machine.deleteConfirm}
        danger
        act={() => act('delete')}
      >
        <p>{t.machine.deleteText}</p>
      </Ask>
    </div>
  )
}
