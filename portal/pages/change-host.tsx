import { limits } from '@sirocco/shared/model/limits.ts'
import { useRef, useState } from 'react'
import { calls } from '../api/calls.ts'
import { queries, queryClient } from '../api/queries.ts'
import type { Host } from '../api/types.ts'
import { useSpeech } from '../locales/language.tsx'
import { Ask } from '../ui/ask.tsx'
import { Field } from '../ui/field.tsx'
import { focusField } from '../ui/focus-field.ts'
import { say } from '../ui/notices.tsx'
import { Radios } from '../ui/radios.tsx'
import { ratioOf, tagsOf, textOfTags } from './host-check.ts'

type Ratio = 'cpuRatio' | 'memoryRatio' | 'diskRatio'
const ratios: readonly Ratio[] = ['cpuRatio', 'memoryRatio', 'diskRatio']

/** Whether a host takes new machines, how far it may be overcommitted, and its tags. */
export function ChangeHost({ host, close }: { host: Host; close: () => void }) {
  const { t, format } = useSpeech()
  const [accepting, setAccepting] = useState(host.accepting)
  const [typed, setTyped] = useState<Record<Ratio, string>>(() => ({
    cpuRatio: String(host.cpuRatio),
    memoryRatio: String(host.memoryRatio),
    diskRatio: String(host.diskRatio),
  }))
  const [tags, setTags] = useState(() => textOfTags(host.tags))
  const [errors, setErrors] = useState<Partial<Record<Ratio | 'tags', string>>>({})
  const fields = useRef<HTMLDivElement>(null)

  const act = async (): Promise<'stay' | 'done'> => {
    const [cpuRatio, memoryRatio, diskRatio] = [ratioOf(typed.cpuRatio), ratioOf(typed.memoryRatio), ratioOf(typed.diskRatio)]
    const said = tagsOf(tags)
    if (cpuRatio === null || memoryRatio === null || diskRatio === null || said === null) {
      const bad = t.hosts.badRatio({ min: format.number(limits.ratioMin), max: format.number(limits.ratioMax) })
      const wrong = {
        ...Object.fromEntries(ratios.filter(name => ratioOf(typed[name]) === null).map(name => [name, bad])),
        ...(said === null ? { tags: t.hosts.badTags } : {}),
      }
      setErrors(wrong)
      focusField(fields.current, Object.keys(wrong)[0] ?? 'tags')
      return 'stay'
    }
    await calls.changeHost(host.id, { accepting, cpuRatio, memoryRatio, diskRatio, tags: said })
    await queryClient.invalidateQueries(queries.hosts)
    say(t.hosts.changed({ name: host.name }))
    return 'done'
  }

  return (
    <Ask open close={close} title={t.hosts.changeTitle({ name: host.name })} confirm={t.hosts.changeConfirm} act={act}>
      <div ref={fields}>
        <p>{t.hosts.changeText}</p>
        <Radios<'yes' | 'no'>
          label={t.hosts.accepting}
          value={accepting ? 'yes' : 'no'}
          onChange={key => setAccepting(key === 'yes')}
          options={[
            { key: 'yes', label: t.hosts.accepts },
            { key: 'no', label: t.hosts.acceptsNot },
          ]}
        />
        {ratios.map(name => (
          <Field
            key={name}
            name={name}
            label={t.hosts[name]}
            value={typed[name]}
            onChange={text => setTyped(now => ({ ...now, [name]: text }))}
            error={errors[name] ?? null}
            autoComplete="off"
          />
        ))}
        <Field
          name="tags"
          label={t.hosts.tags}
          hint={t.hosts.tagsHint}
          rows={3}
          mono
          optional
          value={tags}
          onChange={setTags}
          error={errors.tags ?? null}
        />
      </div>
    </Ask>
  )
}
