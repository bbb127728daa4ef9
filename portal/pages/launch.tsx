import { useQuery, useSuspenseQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { type FormEvent, useRef, useState } from 'react'
import { calls } from '../api/calls.ts'
import { Problem } from '../api/problem.ts'
import { queries, queryClient } from '../api/queries.ts'
import type { Flavor, Image, Launch, PlacementGroup } from '../api/types.ts'
import { machines } from '../live/world.ts'
import { useSpeech } from '../locales/language.tsx'
import { Button } from '../ui/button.tsx'
import { Choice } from '../ui/choice.tsx'
import { download } from '../ui/download.ts'
import { Field } from '../ui/field.tsx'
import { focusField } from '../ui/focus-field.ts'
import { icons } from '../ui/icons.tsx'
import { say } from '../ui/notices.tsx'
import { Page } from '../ui/page.tsx'
import { Radios } from '../ui/radios.tsx'
import { Trouble, Waiting } from '../ui/trouble.tsx'
import {
  base64,
  checkLaunch,
  countOf,
  type KeyMode,
  type LaunchErrors,
  type LaunchField,
  type LaunchForm,
  launchFields,
  nameInKey,
} from './launch-check.ts'
import { awsCommand, curlCommand, type Wanted } from './launch-commands.ts'
import { SubnetChoice } from './launch-network.tsx'
import { Terminal } from './launch-terminal.tsx'
import { SecurityGroupChoice } from './machine-groups.tsx'

export function LaunchPage() {
  const { t } = useSpeech()
  const images = useQuery(queries.images)
  const flavors = useQuery(queries.flavors)
  const keyPairs = useQuery(queries.keyPairs)
  const groups = useQuery(queries.placementGroups)
  const failed = [images, flavors, keyPairs, groups].find(query => query.error !== null)
  const ready = images.data && flavors.data && keyPairs.data && groups.data
  return (
    <Page
      title={t.launch.title}
      above={
        <Link to="/machines" className="back">
          {icons.back}
          {t.common.back}
        </Link>
      }
    >
      {failed ? (
        <Trouble problem={failed.error} again={() => void failed.refetch()} />
      ) : ready ? (
        <Form
          images={images.data.items}
          flavors={flavors.data.items}
          keyNames={keyPairs.data.items.map(pair => pair.name)}
          groups={groups.data.items}
        />
      ) : (
        <Waiting />
      )}
    </Page>
  )
}

interface FormProps {
  readonly images: readonly Image[]
  readonly flavors: readonly Flavor[]
  readonly keyNames: readonly string[]
  readonly groups: readonly PlacementGroup[]
}

function Form({ images, flavors, keyNames, groups }: FormProps) {
  const { t, format } = useSpeech()
  const navigate = useNavigate()
  const search = useSearch({ from: '/shell/machines/new' })
  const { data: me } = useSuspenseQuery(queries.me)
  const [form, setForm] = useState<LaunchForm>(() => firstForm(images, flavors, keyNames, search.image))
  const [errors, setErrors] = useState<LaunchErrors>({})
  const [problem, setProblem] = useState<unknown>(null)
  const [busy, setBusy] = useState(false)
  const element = useRef<HTMLFormElement>(null)
  const token = useRef({ of: '', token: '' })

  const image = images.find(each => each.id === form.image)
  const flavor = flavors.find(each => each.name === form.flavor)
  const count = countOf(form.count) ?? 1
  const set = (change: Partial<LaunchForm>): void => {
    setForm(now => ({ ...now, ...change }))
    const kept = Object.entries(errors).filter(([name]) => !(name in change))
    if (kept.length < Object.keys(errors).length) setErrors(Object.fromEntries(kept))
  }
  const wanted = wantedOf(form, image)

  const point = (wrong: LaunchErrors): void => {
    setErrors(wrong)
    const first = launchFields.find(name => wrong[name] !== undefined)
    if (first) focusField(element.current, first)
  }

  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    if (busy) return
    setProblem(null)
    const wrong = checkLaunch(t, form)
    if (launchFields.some(name => wrong[name] !== undefined)) return point(wrong)
    setBusy(true)
    try {
      await bringKey(form, set)
      const { ami: _, script: __, ...body } = wanted
      const same = JSON.stringify(body)
      // The same form sent again after a lost answer is the same launch.
      if (token.current.of !== same) token.current = { of: same, token: crypto.randomUUID() }
      const launched = await calls.launch(body, token.current.token)
      machines.put(launched.machines)
      say(t.launch.launched({ n: count }))
      const [only] = launched.machines
      if (launched.machines.length === 1 && only) await navigate({ to: '/machines/$machine', params: { machine: only.id } })
      else await navigate({ to: '/machines' })
    } catch (refused) {
      const field = refused instanceof Problem ? fieldOf(refused, form) : null
      if (field && refused instanceof Problem) point({ [field]: refused.message })
      else setProblem(refused)
      setBusy(false)
    }
  }

  return (
    <form ref={element} className="launch" noValidate onSubmit={event => void submit(event)}>
      <div className="launch-fields">
        <Field
          name="name"
          label={t.launch.name}
          hint={t.launch.nameHint}
          value={form.name}
          onChange={name => set({ name })}
          error={errors.name ?? null}
          autoComplete="off"
          optional
        />
        <Choice
          name="image"
          label={t.launch.image}
          hint={images.length === 0 ? t.launch.noImages : (image?.description ?? t.launch.imageHint)}
          options={images.map(each => ({ key: each.id, label: each.name, detail: `${each.architecture} · ${each.ec2Id}` }))}
          value={form.image}
          onChange={key => set({ image: key })}
          error={errors.image ?? null}
        />
        <Choice
          name="flavor"
          label={t.launch.flavor}
          hint={flavor ? shape(t, format, flavor) : t.launch.flavorHint}
          options={flavors.map(each => ({
            key: each.name,
            label: each.name,
            detail: shape(t, format, each),
            reason:
              image && each.diskMiB < image.minDiskMiB ? t.launch.diskTooSmall({ size: format.mib(image.minDiskMiB) }) : null,
          }))}
          value={form.flavor}
          onChange={key => set({ flavor: key })}
          error={errors.flavor ?? null}
        />
        {groups.length > 0 && (
          <Choice
            name="placementGroup"
            label={t.launch.placementGroup}
            hint={t.launch.placementGroupHint}
            options={[
              { key: '', label: t.launch.noPlacementGroup },
              ...groups.map(({ name, policy, strict }) => ({
                key: name,
                label: name,
                detail: strict ? t.launch.policies[policy] : t.launch.preferred({ policy: t.launch.policies[policy] }),
              })),
            ]}
            value={form.placementGroup}
            onChange={placementGroup => set({ placementGroup })}
            error={errors.placementGroup ?? null}
          />
        )}
        <SubnetChoice value={form.subnet} onChange={subnet => set({ subnet, securityGroup: '' })} />
        <SecurityGroupChoice subnet={form.subnet} value={form.securityGroup} onChange={securityGroup => set({ securityGroup })} />
        <fieldset className="group">
          <legend>{t.launch.key}</legend>
          <Radios<KeyMode>
            label={t.launch.key}
            hint={form.keyMode === 'create' ? t.launch.keyCreateHint : t.launch.keyHint}
            value={form.keyMode}
            onChange={keyMode => set({ keyMode })}
            options={[
              ...(keyNames.length > 0 ? [{ key: 'existing' as const, label: t.launch.keyExisting }] : []),
              { key: 'import', label: t.launch.keyImport },
              { key: 'create', label: t.launch.keyCreate },
              { key: 'none', label: t.launch.keyNone },
            ]}
          />
          {form.keyMode === 'existing' && (
            <Choice
              name="keyPair"
              label={t.launch.keyPair}
              options={keyNames.map(key => ({ key, label: key }))}
              value={form.keyPair}
              onChange={keyPair => set({ keyPair })}
              error={errors.keyPair ?? null}
            />
          )}
          {form.keyMode === 'import' && (
            <Field
              name="publicKey"
              label={t.launch.publicKey}
              hint={t.launch.publicKeyHint}
              rows={3}
              mono
              value={form.publicKey}
              onChange={publicKey => set({ publicKey, ...(form.keyName === '' ? { keyName: nameInKey(publicKey) } : {}) })}
              error={errors.publicKey ?? null}
            />
          )}
          {(form.keyMode === 'import' || form.keyMode === 'create') && (
            <Field
              name="keyName"
              label={t.launch.keyName}
              value={form.keyName}
              onChange={keyName => set({ keyName })}
              error={errors.keyName ?? null}
              autoComplete="off"
            />
          )}
        </fieldset>
        <Field
          name="userData"
          label={t.launch.userData}
          hint={t.launch.userDataHint}
          rows={5}
          mono
          optional
          value={form.userData}
          onChange={userData => set({ userData })}
          error={errors.userData ?? null}
        />
        <Field
          name="count"
          label={t.launch.count}
          hint={t.launch.countHint}
          type="number"
          min={1}
          value={form.count}
          onChange={text => set({ count: text })}
          error={errors.count ?? null}
        />
      </div>
      <aside className="launch-aside" aria-label={t.launch.summary}>
        <h2>{t.launch.summary}</h2>
        <dl className="facts">
          <dt>{t.launch.image}</dt>
          <dd>{image?.name ?? t.common.none}</dd>
          <dt>{t.launch.flavor}</dt>
          <dd>{flavor ? `${count} × ${flavor.name}` : t.common.none}</dd>
          {flavor && (
            <>
              <dt>{t.launch.total}</dt>
              <dd>
                {t.launch.vcpus({ n: flavor.vcpus * count })}
                <br />
                {t.launch.memory({ size: format.mib(flavor.memoryMiB * count) })}
                <br />
                {t.launch.disk({ size: format.mib(flavor.diskMiB * count) })}
              </dd>
            </>
          )}
        </dl>
        {problem !== null && <Trouble problem={problem} />}
        <Button type="submit" look="primary" busy={busy} reason={me.role === 'viewer' ? t.reasons.role : null}>
          {busy ? t.launch.busy : t.launch.submit({ n: count })}
        </Button>
        <Terminal
          aws={awsCommand({ origin: location.origin, ec2Endpoint: me.ec2Endpoint, region: me.region }, wanted)}
          curl={curlCommand({ origin: location.origin, ec2Endpoint: me.ec2Endpoint, region: me.region }, wanted)}
        />
      </aside>
    </form>
  )
}

type Speech = ReturnType<typeof useSpeech>

const shape = (t: Speech['t'], format: Speech['format'], flavor: Flavor): string =>
  [
    t.launch.vcpus({ n: flavor.vcpus }),
    t.launch.memory({ size: format.mib(flavor.memoryMiB) }),
    t.launch.disk({ size: format.mib(flavor.diskMiB) }),
  ].join(' · ')

/** A form that can be sent as it is wherever there is an obvious choice. */
function firstForm(
  images: readonly Image[],
  flavors: readonly Flavor[],
  keyNames: readonly string[],
  asked: string | undefined,
): LaunchForm {
  const image = images.find(each => each.id === asked) ?? images[0]
  const flavor = flavors.filter(each => !image || each.diskMiB >= image.minDiskMiB).find(each => each.name === 't3.micro')
  return {
    name: '',
    image: image?.id ?? null,
    flavor: flavor?.name ?? flavors[0]?.name ?? null,
    placementGroup: '',
    subnet: '',
    securityGroup: '',
    keyMode: keyNames.length > 0 ? 'existing' : 'import',
    keyPair: keyNames[0] ?? null,
    keyName: '',
    publicKey: '',
    userData: '',
    count: '1',
  }
}

function wantedOf(form: LaunchForm, image: Image | undefined): Wanted {
  const key = form.keyMode === 'existing' ? form.keyPair : form.keyMode === 'none' ? null : form.keyName.trim()
  const body: Launch = {
    image: form.image ?? '',
    flavor: form.flavor ?? '',
    count: countOf(form.count) ?? 1,
    ...(form.name === '' ? {} : { name: form.name }),
    ...(form.placementGroup === '' ? {} : { placementGroup: form.placementGroup }),
    ...(form.subnet === '' ? {} : { subnet: form.subnet }),
    ...(form.securityGroup === '' ? {} : { securityGroups: [form.securityGroup] }),
    ...(key ? { keyPair: key } : {}),
    ...(form.userData === '' ? {} : { userData: base64(form.userData) }),
  }
  return { ...body, ami: image?.ec2Id ?? '', script: form.userData }
}

/** Imports or makes the key first. From then on the form uses it as an existing one: a second try must not make it twice. */
async function bringKey(form: LaunchForm, set: (change: Partial<LaunchForm>) => void): Promise<void> {
  if (form.keyMode !== 'import' && form.keyMode !== 'create') return
  const name = form.keyName.trim()
  const made = await calls.addKeyPair(
    form.keyMode === 'import' ? { name, publicKey: form.publicKey.trim() } : { name, type: 'ed25519' },
  )
  if (made.privateKey !== undefined) download(`${name}.pem`, made.privateKey)
  await queryClient.invalidateQueries(queries.keyPairs)
  set({ keyMode: 'existing', keyPair: name })
}

/** Names of the API's request, and where they stand in this form. */
const places: Record<string, LaunchField> = {
  name: 'name',
  image: 'image',
  flavor: 'flavor',
  placementGroup: 'placementGroup',
  keyPair: 'keyPair',
  publicKey: 'publicKey',
  userData: 'userData',
  count: 'count',
}

/** The field that a refusal speaks of, where the reader can see it. */
function fieldOf(problem: Problem, form: LaunchForm): LaunchField | null {
  const bringing = form.keyMode === 'import' || form.keyMode === 'create'
  if (bringing && (problem.code === 'already_exists' || problem.field === 'name')) return 'keyName'
  const field = places[problem.field ?? ''] ?? null
  return field === 'publicKey' && form.keyMode !== 'import' ? null : field === 'keyPair' && bringing ? 'keyName' : field
}
