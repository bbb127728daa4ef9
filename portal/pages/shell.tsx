import { useSuspenseQuery } from '@tanstack/react-query'
import { Link, type LinkProps, Outlet, useRouter } from '@tanstack/react-router'
import { type ReactNode, useEffect } from 'react'
import { calls } from '../api/calls.ts'
import { onSessionEnd, queries, queryClient } from '../api/queries.ts'
import { follow, machines, showMachines, useConnection } from '../live/world.ts'
import { useSpeech } from '../locales/language.tsx'
import { IconButton } from '../ui/button.tsx'
import { icons, Mark } from '../ui/icons.tsx'
import { useNow } from '../ui/moment.tsx'
import { complain } from '../ui/notices.tsx'
import { ProjectSwitch } from './project-switch.tsx'

/** Around every signed-in page: where one can go, who one is, and whether what is shown is live. */
export function Shell() {
  const { t } = useSpeech()
  const router = useRouter()
  const { data: me } = useSuspenseQuery(queries.me)
  useEffect(() => {
    showMachines()
    return follow()
  }, [])
  useEffect(
    () =>
      onSessionEnd(() => {
        // The router asks who we are, is told nobody, and shows the sign-in page with the way back here.
        queryClient.removeQueries(queries.me)
        void router.invalidate()
      }),
    [router],
  )

  return (
    <div className="shell">
      <a className="skip" href="#content">
        {t.nav.skip}
      </a>
      <header className="side">
        <Link to="/machines" className="brand">
          <Mark />
          <span>Sirocco</span>
        </Link>
        <nav aria-label={t.nav.label}>
          <ul>
            <Place to="/machines" icon={icons.machines} word={t.nav.machines} />
            <Place to="/volumes" icon={icons.volumes} word={t.nav.volumes} />
            <Place to="/images" icon={icons.images} word={t.nav.images} />
            <Place to="/key-pairs" icon={icons.keyPairs} word={t.nav.keyPairs} />
            <Place to="/networks" icon={icons.networks} word={t.nav.networks} />
            <Place to="/security-groups" icon={icons.securityGroups} word={t.nav.securityGroups} />
            <Place to="/placement-groups" icon={icons.placementGroups} word={t.nav.placementGroups} />
            <Place to="/people" icon={icons.people} word={t.nav.people} />
            <Place to="/usage" icon={icons.money} word={t.nav.usage} />
            {me.role === 'admin' && <Place to="/prices" icon={icons.money} word={t.nav.prices} />}
            {me.role === 'admin' && <Place to="/hosts" icon={icons.hosts} word={t.nav.hosts} />}
            {me.role === 'admin' && <Place to="/pools" icon={icons.volumes} word={t.nav.pools} />}
            <Place to="/settings" icon={icons.settings} word={t.nav.settings} />
          </ul>
        </nav>
        <div className="side-foot">
          <FreshnessMark />
          <div className="who">
            <span className="who-text">
              <ProjectSwitch />
              <span className="who-email" title={t.nav.account({ email: me.user.email })}>
                {me.user.email}
              </span>
            </span>
            <SignOut />
          </div>
        </div>
      </header>
      <main id="content" tabIndex={-1}>
        {me.simulated && (
          <aside className="banner" aria-label={t.simulated.title}>
            <strong>{t.simulated.title}</strong>
            <span>{t.simulated.text}</span>
          </aside>
        )}
        <Outlet />
      </main>
    </div>
  )
}

function Place({ to, icon, word }: { to: LinkProps['to'] & string; icon: ReactNode; word: string }) {
  return (
    <li>
      <Link to={to} className="place" activeProps={{ className: 'place here' }}>
        {icon}
        <span>{word}</span>
      </Link>
    </li>
  )
}

function FreshnessMark() {
  const { t, format } = useSpeech()
  const { freshness, since } = useConnection()
  const now = useNow()
  const hint =
    freshness === 'live'
      ? t.fresh.liveHint
      : freshness === 'connecting'
        ? t.fresh.connectingHint
        : t.fresh.reconnectingHint({ since: format.ago(since, Math.max(now, since)) })
  return (
    <div className={`freshness ${freshness}`} title={hint}>
      <span className="pulse" aria-hidden="true" />
      <span role="status">{t.fresh[freshness]}</span>
      <span className="unseen">{hint}</span>
    </div>
  )
}

function SignOut() {
  const { t } = useSpeech()
  const router = useRouter()
  const leave = async (): Promise<void> => {
    try {
      await calls.signOut()
    } catch (problem) {
      complain(problem)
      return
    }
    await router.navigate({ to: '/sign-in' })
    // Nothing of one person stays for the next one at this screen.
    queryClient.clear()
    machines.replace([])
  }
  return (
    <IconButton label={t.nav.signOut} onPress={() => void leave()}>
      {icons.signOut}
    </IconButton>
  )
}
