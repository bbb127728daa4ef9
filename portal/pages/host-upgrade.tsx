import { useState } from 'react'
import { calls } from '../api/calls.ts'
import { queries, queryClient } from '../api/queries.ts'
import type { Host } from '../api/types.ts'
import { useSpeech } from '../locales/language.tsx'
import { Button } from '../ui/button.tsx'
import { complain, say } from '../ui/notices.tsx'

/** Which agent runs on a host, and how it stands against the one that is handed out. */
export function AgentAge({ host }: { host: Host }) {
  const { t } = useSpeech()
  return (
    <>
      {host.agentVersion === '' ? t.common.unknown : host.agentVersion}{' '}
      {host.agentBundle !== null && <code title={host.agentBundle}>{host.agentBundle.slice(0, 8)}</code>}{' '}
      {host.upgrade !== 'unknown' && <span className="soft">{t.agentUpgrade.states[host.upgrade]}</span>}
    </>
  )
}

const isBehind = ({ upgrade }: Host): boolean => upgrade === 'available' || upgrade === 'outdated'

/** One host's agent becomes the one that is handed out. */
export function UpgradeAgent({ host }: { host: Host }) {
  const { t } = useSpeech()
  const { busy, begin } = useUpgrade(() => calls.upgradeHost(host.id, crypto.randomUUID()))
  if (!isBehind(host)) return null
  const silent = host.state !== 'up' && host.upgrade !== 'outdated'
  return (
    <Button busy={busy} reason={silent ? t.agentUpgrade.silent : null} onPress={() => void begin()}>
      {t.agentUpgrade.one}
    </Button>
  )
}

/** All that are behind, one after the other. */
export function UpgradeAgents({ hosts }: { hosts: readonly Host[] }) {
  const { t } = useSpeech()
  const { busy, begin } = useUpgrade(() => calls.upgradeHosts(crypto.randomUUID()))
  const behind = hosts.filter(isBehind).length
  if (behind < 2) return null
  return (
    <section className="warn">
      <p>{t.agentUpgrade.behind({ count: String(behind) })}</p>
      <Button busy={busy} onPress={() => void begin()}>
        {t.agentUpgrade.all}
      </Button>
    </section>
  )
}

function useUpgrade(ask: () => Promise<unknown>) {
  const { t } = useSpeech()
  const [busy, setBusy] = useState(false)
  const begin = async (): Promise<void> => {
    setBusy(true)
    try {
      await ask()
      say(t.agentUpgrade.begun)
      await queryClient.invalidateQueries(queries.hosts)
    } catch (refused) {
      complain(refused)
    }
    setBusy(false)
  }
  return { busy, begin }
}
