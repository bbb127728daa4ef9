import { useState } from 'react'
import { encode } from 'uqr'
import { calls } from '../api/calls.ts'
import { queries, queryClient } from '../api/queries.ts'
import type { NewSecondFactor, SecondFactor } from '../api/types.ts'
import { useSpeech } from '../locales/language.tsx'
import { Ask } from '../ui/ask.tsx'
import { Button } from '../ui/button.tsx'
import { Copyable } from '../ui/copy.tsx'
import { download } from '../ui/download.ts'
import { Field } from '../ui/field.tsx'
import { Moment } from '../ui/moment.tsx'
import { say } from '../ui/notices.tsx'
import { Trouble } from '../ui/trouble.tsx'

const refresh = () => queryClient.invalidateQueries(queries.secondFactor)

/** Codes by an app: on or off, and the recovery codes that come with them. */
export function SecondFactorCard({ state }: { readonly state: SecondFactor }) {
  const { t } = useSpeech()
  const [begun, setBegun] = useState<NewSecondFactor | null>(null)
  const [codes, setCodes] = useState<readonly string[] | null>(null)
  const [asking, setAsking] = useState<'off' | 'renew' | null>(null)
  const [problem, setProblem] = useState<unknown>(null)

  const begin = async (): Promise<void> => {
    setProblem(null)
    await calls.beginSecondFactor().then(setBegun, setProblem)
  }

  return (
    <>
      <h3>{t.security.codes}</h3>
      {state.since === null ? (
        <p className="soft">{t.security.off}</p>
      ) : (
        <p>
          {t.security.since} <Moment at={state.since} /> · {t.security.left({ count: state.recoveryCodes })}
        </p>
      )}
      {problem !== null && <Trouble problem={problem} />}
      <div className="actions">
        {state.since === null ? (
          <Button onPress={() => void begin()}>{t.security.setUp}</Button>
        ) : (
          <>
            <Button onPress={() => setAsking('renew')}>{t.security.renew}</Button>
            <Button onPress={() => setAsking('off')}>{t.security.turnOff}</Button>
          </>
        )}
      </div>
      {begun && (
        <SetUp
          begun={begun}
          close={() => setBegun(null)}
          confirmed={made => {
            setBegun(null)
            setCodes(made)
          }}
        />
      )}
      {codes && <Recovery codes={codes} close={() => setCodes(null)} />}
      <Ask
        open={asking === 'off'}
        close={() => setAsking(null)}
        title={t.security.turnOffTitle}
        confirm={t.security.turnOff}
        danger
        act={async () => {
          await calls.removeSecondFactor()
          await refresh()
          say(t.security.isOff)
          return 'done'
        }}
      >
        <p>{t.security.turnOffText}</p>
      </Ask>
      <Ask
        open={asking === 'renew'}
        close={() => setAsking(null)}
        title={t.security.renewTitle}
        confirm={t.security.renew}
        act={async () => {
          const made = await calls.renewRecoveryCodes()
          await refresh()
          setCodes(made.codes)
          return 'done'
        }}
      >
        <p>{t.security.renewText}</p>
      </Ask>
    </>
  )
}

function SetUp({
  begun,
  close,
  confirmed,
}: {
  readonly begun: NewSecondFactor
  close(): void
  confirmed(codes: readonly string[]): void
}) {
  const { t } = useSpeech()
  const [code, setCode] = useState('')
  const [missing, setMissing] = useState(false)
  return (
    <Ask
      open
      close={close}
      title={t.security.setUp}
      confirm={t.security.turnOn}
      act={async () => {
        setMissing(!/^\d{6}$/.test(code.trim()))
        if (!/^\d{6}$/.test(code.trim())) return 'stay'
        const { codes } = await calls.confirmSecondFactor(code.trim())
        await refresh()
        confirmed(codes)
        return 'done'
      }}
    >
      <p>{t.security.scan}</p>
      <QrCode text={begun.address} label={t.security.qr} />
      <p>
        {t.security.orType} <Copyable text={begun.secret} what={t.security.secret} />
      </p>
      <Field
        name="code"
        label={t.secondStep.code}
        value={code}
        onChange={setCode}
        autoComplete="one-time-code"
        mono
        autoFocus
        error={missing ? t.secondStep.missing : null}
      />
    </Ask>
  )
}

/** Dark on light whatever the theme: cameras read no other. */
function QrCode({ text, label }: { readonly text: string; readonly label: string }) {
  const { data, size } = encode(text, { border: 2 })
  const dark = data.flatMap((row, y) => row.flatMap((is, x) => (is ? [`M${x} ${y}h1v1h-1z`] : [])))
  return (
    <svg className="qr" role="img" aria-label={label} viewBox={`0 0 ${size} ${size}`} shapeRendering="crispEdges">
      <path fill="#fff" d={`M0 0h${size}v${size}H0z`} />
      <path fill="#000" d={dark.join('')} />
    </svg>
  )
}

/** Shown once: to be written down before this closes. */
function Recovery({ codes, close }: { readonly codes: readonly string[]; close(): void }) {
  const { t } = useSpeech()
  return (
    <Ask open close={close} title={t.security.recovery} confirm={t.security.kept} act={() => Promise.resolve('done')}>
      <p>{t.security.recoveryText}</p>
      <ul className="recovery-codes" aria-label={t.security.recovery}>
        {codes.map(code => (
          <li key={code}>
            <code>{code}</code>
          </li>
        ))}
      </ul>
      <Button onPress={() => download('sirocco-recovery-codes.txt', `${codes.join('\n')}\n`)}>{t.security.download}</Button>
    </Ask>
  )
}
