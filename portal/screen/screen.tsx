import RFB from '@novnc/novnc'
import { useEffect, useRef, useState } from 'react'
import { calls } from '../api/calls.ts'
import { useSpeech } from '../locales/language.tsx'
import { Button } from '../ui/button.tsx'
import { Trouble } from '../ui/trouble.tsx'
import { ScreenChannel } from './channel.ts'

type Phase = 'connecting' | 'connected' | 'ended'

/** The machine's screen, keyboard and pointer. */
export function MachineScreen({ machine, name }: { machine: string; name: string }) {
  const { t } = useSpeech()
  const box = useRef<HTMLElement>(null)
  const viewer = useRef<RFB | null>(null)
  const [phase, setPhase] = useState<Phase>('connecting')
  const [ended, setEnded] = useState<string | null>(null)
  const [problem, setProblem] = useState<unknown>(null)
  const [round, setRound] = useState(0)

  // biome-ignore lint/correctness/useExhaustiveDependencies: another round is another connection
  useEffect(() => {
    const place = box.current
    if (!place) return
    let over = false
    const open = async (): Promise<void> => {
      const { path, password } = await calls.screen(machine)
      if (over) return
      const url = new URL(path, location.href)
      url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
      const channel = new ScreenChannel(new WebSocket(url))
      const screen = new RFB(place, channel, { shared: true, credentials: { password } })
      screen.scaleViewport = true
      screen.background = 'transparent'
      screen.addEventListener('connect', () => {
        setPhase('connected')
        screen.focus()
      })
      screen.addEventListener('disconnect', () => {
        if (over) return
        viewer.current = null
        setEnded(channel.ended)
        setPhase('ended')
      })
      viewer.current = screen
    }
    setPhase('connecting')
    setProblem(null)
    setEnded(null)
    open().catch(refused => {
      if (over) return
      setProblem(refused)
      setPhase('ended')
    })
    return () => {
      over = true
      viewer.current?.disconnect()
      viewer.current = null
    }
  }, [machine, round])

  const offline = phase === 'connected' ? null : t.console[phase]
  return (
    <div className="console">
      <div className="console-bar">
        <span className={`console-phase ${phase}`} role="status">
          {t.console[phase]}
          {ended !== null && phase === 'ended' ? ` · ${ended}` : ''}
        </span>
        <span className="soft small">{t.screen.hint}</span>
        <Button onPress={() => viewer.current?.sendCtrlAltDel()} reason={offline}>
          {t.screen.ctrlAltDel}
        </Button>
        <Button onPress={() => setRound(n => n + 1)} reason={phase === 'ended' ? null : t.console[phase]}>
          {t.console.reconnect}
        </Button>
      </div>
      {problem !== null && <Trouble problem={problem} title={t.screen.failed} />}
      <section ref={box} className="console-screen" aria-label={t.screen.label({ name })} />
    </div>
  )
}
