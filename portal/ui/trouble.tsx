import type { ReactNode } from 'react'
import { Problem } from '../api/problem.ts'
import { useSpeech } from '../locales/language.tsx'
import { Button } from './button.tsx'
import { problemText } from './problem-text.ts'

/** A problem where its cause stands; with the request's number, which is what support asks for. */
export function Trouble({ problem, title, again }: { problem: unknown; title?: string; again?: () => void }) {
  const { t } = useSpeech()
  const instance = problem instanceof Problem ? problem.instance : null
  return (
    <div className="trouble" role="alert">
      <strong>{title ?? t.problem.title}</strong>
      <p>{problemText(t, problem)}</p>
      {instance && <p className="soft small">{t.common.reference({ id: instance })}</p>}
      {again && <Button onPress={again}>{t.common.retry}</Button>}
    </div>
  )
}

/** Nothing here yet: what it would be, and the way to the first one. */
export function Empty({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div className="empty">
      <h2>{title}</h2>
      {children}
    </div>
  )
}

/** Reserves the room of what is coming. */
export function Waiting() {
  const { t } = useSpeech()
  return (
    <p className="waiting" role="status">
      {t.common.loading}…
    </p>
  )
}
