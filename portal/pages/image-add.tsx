import { useQuery } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import { calls } from '../api/calls.ts'
import { queries, queryClient } from '../api/queries.ts'
import type { Image } from '../api/types.ts'
import { useSpeech } from '../locales/language.tsx'
import { Ask } from '../ui/ask.tsx'
import { Field } from '../ui/field.tsx'
import { focusField } from '../ui/focus-field.ts'
import { say } from '../ui/notices.tsx'
import { upload } from './image-upload.ts'

/** An image by its address: fetched, checked and converted by an agent. */
export function ImportImage({ open, close }: { open: boolean; close: () => void }) {
  const { t } = useSpeech()
  const [name, setName] = useState('')
  const [url, setUrl] = useState('')
  const [checksum, setChecksum] = useState('')
  const [errors, setErrors] = useState<{ url?: string; name?: string }>({})
  const fields = useRef<HTMLDivElement>(null)
  const act = async (): Promise<'stay' | 'done'> => {
    const wrong = {
      ...(/^https?:\/\//.test(url.trim()) ? {} : { url: t.images.badUrl }),
      ...(name.trim() === '' ? { name: t.launch.required } : {}),
    }
    setErrors(wrong)
    const [first] = Object.keys(wrong)
    if (first) {
      focusField(fields.current, first)
      return 'stay'
    }
    await calls.addImage({
      name: name.trim(),
      url: url.trim(),
      ...(checksum.trim() === ''
        ? {}
        : checksum.includes('://')
          ? { checksumUrl: checksum.trim() }
          : { checksum: checksum.trim() }),
    })
    await queryClient.invalidateQueries(queries.images)
    say(t.images.begun({ name: name.trim() }))
    return 'done'
  }
  return (
    <Ask open={open} close={close} title={t.images.import} confirm={t.images.import} act={act}>
      <div ref={fields}>
        <p>{t.images.importText}</p>
        <Field name="url" label={t.images.url} value={url} onChange={setUrl} error={errors.url ?? null} mono autoFocus />
        <Field name="name" label={t.images.name} value={name} onChange={setName} error={errors.name ?? null} autoComplete="off" />
        <Field
          name="checksum"
          label={t.images.checksum}
          hint={t.images.checksumHint}
          value={checksum}
          onChange={setChecksum}
          mono
          optional
        />
      </div>
    </Ask>
  )
}

/** One of the usual cloud images, from its makers. */
export function FetchImage({ open, close }: { open: boolean; close: () => void }) {
  const { t } = useSpeech()
  const entries = useQuery({ ...queries.imageCatalogue, enabled: open })
  const [chosen, setChosen] = useState('')
  const items = entries.data?.items ?? []
  const entry = items.find(({ id }) => id === chosen) ?? items[0]
  return (
    <Ask
      open={open}
      close={close}
      title={t.images.fetch}
      confirm={t.images.fetchConfirm}
      act={async () => {
        if (!entry) return 'stay'
        await calls.addImage({ catalogue: entry.id })
        await queryClient.invalidateQueries(queries.images)
        say(t.images.begun({ name: entry.name }))
        return 'done'
      }}
    >
      <label className="field">
        <span className="label">{t.images.which}</span>
        <select className="input" value={entry?.id ?? ''} onChange={event => setChosen(event.target.value)}>
          {items.map(({ id, name, description }) => (
            <option key={id} value={id}>
              {name} – {description}
            </option>
          ))}
        </select>
      </label>
      {entry && <p className="hint clip">{t.images.from({ url: entry.url })}</p>}
    </Ask>
  )
}

/** A file of this computer. With `pending`, an upload that was begun goes on, with the same file, where it stopped. */
export function UploadImage({ open, pending, close }: { open: boolean; pending: Image | null; close: () => void }) {
  const { t, format } = useSpeech()
  const [file, setFile] = useState<File | null>(null)
  const [name, setName] = useState('')
  const [error, setError] = useState<string | null>(null)
  const [part, setPart] = useState<number | null>(null)
  /** What was begun here, so that trying again goes on with it. */
  const begun = useRef<string | null>(null)
  const running = useRef<AbortController | null>(null)
  const leave = (): void => {
    running.current?.abort()
    close()
  }
  const act = async (): Promise<'stay' | 'done'> => {
    if (!file) {
      setError(t.images.noFile)
      return 'stay'
    }
    setError(null)
    const id =
      pending?.id ?? begun.current ?? (await calls.addImage({ name: name.trim() || file.name, upload: { bytes: file.size } })).id
    begun.current = id
    const controller = new AbortController()
    running.current = controller
    setPart(0)
    const ended = await upload(id, file, setPart, controller.signal).finally(() => {
      setPart(null)
      void queryClient.invalidateQueries(queries.images)
    })
    if (ended === 'other') {
      setError(t.images.otherFile)
      return 'stay'
    }
    say(t.images.begun({ name: pending?.name ?? (name.trim() || file.name) }))
    return 'done'
  }
  return (
    <Ask
      open={open}
      close={leave}
      title={pending ? t.images.resume({ name: pending.name }) : t.images.upload}
      confirm={t.images.uploadConfirm}
      act={act}
    >
      <p>{pending ? t.images.resumeText : t.images.uploadText}</p>
      <label className="field">
        <span className="label">{t.images.file}</span>
        <input
          className="input"
          type="file"
          accept=".qcow2,.img,.raw,.vmdk,.vhd,.vhdx,.vdi,.iso"
          onChange={event => setFile(event.target.files?.[0] ?? null)}
        />
        <span className="field-line">
          {error ? <span className="error">{error}</span> : file && <span className="hint">{format.bytes(file.size)}</span>}
        </span>
      </label>
      {!pending && <Field name="name" label={t.images.name} value={name} onChange={setName} autoComplete="off" optional />}
      {part !== null && <progress className="block" value={part} max={1} aria-label={t.images.upload} />}
    </Ask>
  )
}
