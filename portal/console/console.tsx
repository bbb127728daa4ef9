import { FitAddon } from '@xterm/addon-fit'
import { Terminal } from '@xterm/xterm'
import '@xterm/xterm/css/xterm.css'
import { useCallback, useEffect, useRef, useState } from 'react'
import { calls } from '../api/calls.ts'
import { useSpeech } from '../locales/language.tsx'
import { Button } from '../ui/button.tsx'
import { Trouble } from '../ui/trouble.tsx'
import { ConsoleStream } from './stream.ts'
import { withStyleSheets } from './style-sheets.ts'

/** Night, whatever the theme: what machines print expects a dark screen. */
const theme = {
  background: '#1a1512',
  foreground: '#ece5dd',
  cursor: '#f0a36b',
  cursorAccent: '#1a1512',
  selectionBackground: '#6b4a34',
  black: '#2b2420',
  red: '#ec7f6c',
  green: '#9cc77d',
  yellow: '#e8bd6d',
  blue: '#82aee0',
  magenta: '#cf9bd0',
  cyan: '#7fc4bd',
  white: '#d9cfc5',
  brightBlack: '#9b8d81',
  brightRed: '#ff9c88',
  brightGreen: '#b6e094',
  brightYellow: '#ffd78a',
  brightBlue: '#a3c8f2',
  brightMagenta: '#e5b6e6',
  brightCyan: '#9cded6',
  brightWhite: '#ffffff',
}

type Phase = 'connecting' | 'connected' | 'ended'

/** The machine's serial console, to type in. It keeps what it shows when the connection ends. */
export function SerialConsole({ machine, name }: { machine: string; name: string }) {
  const { t } = useSpeech()
  const box = useRef<HTMLDivElement>(null)
  const terminal = useRef<Terminal | null>(null)
  const [phase, setPhase] = useState<Phase>('connecting')
  const [ended, setEnded] = useState<string | null>(null)
  const [problem, setProblem] = useState<unknown>(null)
  const [round, setRound] = useState(0)
  const label = t.console.label({ name })

  useEffect(() => {
    const place = box.current
    if (!place) return
    const screen = new Terminal({
      fontFamily: "ui-monospace, 'DejaVu Sans Mono', 'Liberation Mono', monospace",
      fontSize: 13,
      theme,
      scrollback: 5_000,
      cursorBlink: !matchMedia('(prefers-reduced-motion: reduce)').matches,
      screenReaderMode: true,
    })
    const fit = new FitAddon()
    screen.loadAddon(fit)
    const release = withStyleSheets(document, () => screen.open(place))
    fit.fit()
    // Tab belongs to the machine; this is the way out for the keyboard.
    screen.attachCustomKeyEventHandler(event => {
      if (!(event.type === 'keydown' && event.key === 'Escape' && event.ctrlKey && event.shiftKey)) return true
      place.parentElement?.querySelector<HTMLElement>('.console-bar button')?.focus()
      return false
    })
    terminal.current = screen
    const resized = new ResizeObserver(() => fit.fit())
    resized.observe(place)
    return () => {
      resized.disconnect()
      screen.dispose()
      release()
      terminal.current = null
    }
  }, [])

  useEffect(() => {
    terminal.current?.textarea?.setAttribute('aria-label', label)
  }, [label])

  // biome-ignore lint/correctness/useExhaustiveDependencies: another round is another connection
  useEffect(() => {
    let socket: WebSocket | null = null
    let over = false
    const typing: { dispose(): void }[] = []
    const open = async (): Promise<void> => {
      const { path } = await calls.console(machine)
      if (over) return
      const url = new URL(path, location.href)
      url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
      const wire = new WebSocket(url)
      wire.binaryType = 'arraybuffer'
      socket = wire
      const stream = new ConsoleStream(message => wire.readyState === WebSocket.OPEN && wire.send(message))
      wire.onopen = () => {
        setPhase('connected')
        const screen = terminal.current
        if (!screen) return
        typing.push(
          screen.onData(text => stream.type(new TextEncoder().encode(text))),
          screen.onBinary(text => stream.type(Uint8Array.from(text, character => character.charCodeAt(0)))),
        )
        screen.focus()
      }
      wire.onmessage = ({ data }) => {
        const line = stream.receive(data)
        if (line.is === 'bytes') terminal.current?.write(line.bytes, () => stream.drawn(line.bytes.length))
        if (line.is === 'end') setEnded(line.reason)
      }
      wire.onclose = () => {
        if (!over) setPhase('ended')
      }
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
      for (const each of typing) each.dispose()
      socket?.close()
    }
  }, [machine, round])

  const again = useCallback(() => setRound(n => n + 1), [])
  return (
    <div className="console">
      <div className="console-bar">
        <span className={`console-phase ${phase}`} role="status">
          {t.console[phase]}
          {ended !== null && phase === 'ended' ? ` · ${ended}` : ''}
        </span>
        <span className="soft small">{t.console.hint}</span>
        <Button onPress={again} reason={phase === 'ended' ? null : t.console[phase]}>
          {t.console.reconnect}
        </Button>
      </div>
      {problem !== null && <Trouble problem={problem} title={t.console.failed} />}
      <section ref={box} className="console-screen" aria-label={label} />
    </div>
  )
}
