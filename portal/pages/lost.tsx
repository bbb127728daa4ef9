import { type ErrorComponentProps, Link, useRouter } from '@tanstack/react-router'
import { Problem } from '../api/problem.ts'
import { useSpeech } from '../locales/language.tsx'
import { Empty, Trouble } from '../ui/trouble.tsx'

export function NotFound() {
  const { t } = useSpeech()
  return (
    <main className="lost">
      <Empty title={t.pageNotFound.title}>
        <p>{t.pageNotFound.text}</p>
        <Link to="/machines" className="button primary">
          {t.pageNotFound.link}
        </Link>
      </Empty>
    </main>
  )
}

/** A page that cannot be shown: refused by the control plane, or broken here. */
export function Broken({ error }: ErrorComponentProps) {
  const { t } = useSpeech()
  const router = useRouter()
  return (
    <main className="lost">
      <Trouble
        problem={error}
        title={error instanceof Problem ? t.problem.title : t.crash.title}
        again={() => void router.invalidate()}
      />
    </main>
  )
}
