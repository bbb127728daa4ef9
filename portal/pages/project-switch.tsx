import { useQuery, useSuspenseQuery } from '@tanstack/react-query'
import { calls } from '../api/calls.ts'
import { queries } from '../api/queries.ts'
import { useSpeech } from '../locales/language.tsx'
import { complain } from '../ui/notices.tsx'

/** The project one works in: a word where there is one, a choice where there are several. */
export function ProjectSwitch() {
  const { t } = useSpeech()
  const { data: me } = useSuspenseQuery(queries.me)
  const projects = useQuery(queries.projects).data?.items ?? []
  if (projects.length < 2) return <span className="who-project">{me.project.name}</span>
  const go = async (project: string): Promise<void> => {
    try {
      await calls.switchProject(project)
    } catch (problem) {
      complain(problem)
      return
    }
    // Everything shown is of one project, the feed too: the portal starts anew in the other.
    location.assign('/')
  }
  return (
    <select
      className="input who-project"
      aria-label={t.nav.project}
      value={me.project.id}
      onChange={event => void go(event.target.value)}
    >
      {projects.map(({ id, name }) => (
        <option key={id} value={id}>
          {name}
        </option>
      ))}
    </select>
  )
}
