import { Link, useNavigate, useRouter } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import { calls } from '../api/calls.ts'
import { queryClient } from '../api/queries.ts'
import { useSpeech } from '../locales/language.tsx'
import { Mark } from '../ui/icons.tsx'
import { problemText } from '../ui/problem-text.ts'
import { backFrom } from './identity-flow.ts'

/** Where an identity provider sends people back to: what it answered signs them in, or links their account. */
export function SignInBackPage() {
  const { t } = useSpeech()
  const navigate = useNavigate()
  const router = useRouter()
  const [problem, setProblem] = useState<{ readonly text: string; readonly link: boolean } | null>(null)
  const tried = useRef(false)

  useEffect(() => {
    document.title = `${t.signIn.title} · Sirocco`
  }, [t])

  // biome-ignore lint/correctness/useExhaustiveDependencies: an answer is good once, and is tried once
  useEffect(() => {
    if (tried.current) return
    tried.current = true
    const answer = location.search.slice(1)
    // Out of the address at once: neither history nor a screenshot keeps it.
    history.replaceState(history.state, '', location.pathname)
    const kept = backFrom()
    if (kept === null || answer === '') return setProblem({ text: t.identities.lost, link: false })
    const { flow, link, to } = kept
    const enter = async (): Promise<void> => {
      if (link) {
        await calls.linkIdentity({ flow, answer })
        return navigate({ to: '/settings', replace: true })
      }
      await calls.signIn({ flow, answer })
      queryClient.clear()
      if (to !== '') router.history.replace(to)
      else await navigate({ to: '/machines', replace: true })
    }
    enter().catch(error => setProblem({ text: problemText(t, error), link }))
  }, [])

  return (
    <main className="sign-in">
      <div className="sign-in-card">
        <div className="sign-in-brand">
          <Mark />
          <span>Sirocco</span>
        </div>
        <h1>{t.signIn.title}</h1>
        {problem === null ? (
          <p role="status" className="waiting">
            {t.signIn.busy}…
          </p>
        ) : (
          <>
            <div className="trouble" role="alert">
              <p>{problem.text}</p>
            </div>
            <p>
              <Link to={problem.link ? '/settings' : '/sign-in'}>{t.secondStep.back}</Link>
            </p>
          </>
        )}
      </div>
    </main>
  )
}
