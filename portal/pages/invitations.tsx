import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { calls } from '../api/calls.ts'
import { queries, queryClient } from '../api/queries.ts'
import type { Invitation, MadeInvitation } from '../api/types.ts'
import { useSpeech } from '../locales/language.tsx'
import { Ask } from '../ui/ask.tsx'
import { IconButton } from '../ui/button.tsx'
import { Choice, type Option } from '../ui/choice.tsx'
import { Field } from '../ui/field.tsx'
import { icons } from '../ui/icons.tsx'
import { say } from '../ui/notices.tsx'
import { ShownOnce } from '../ui/shown-once.tsx'
import { Trouble } from '../ui/trouble.tsx'

/** Invitations that nobody took up yet; nothing where there are none. */
export function OpenInvitations() {
  const { t, format } = useSpeech()
  const invitations = useQuery(queries.invitations)
  const [withdrawing, setWithdrawing] = useState<Invitation | null>(null)
  if (invitations.error) return <Trouble problem={invitations.error} again={() => void invitations.refetch()} />
  if (!invitations.data || invitations.data.items.length === 0) return null
  return (
    <section aria-labelledby="invitations">
      <h2 id="invitations">{t.people.invitations}</h2>
      <div className="sheet">
        <table className="grid">
          <caption className="unseen">{t.people.invitations}</caption>
          <thead>
            <tr>
              <th scope="col">{t.people.email}</th>
              <th scope="col">{t.people.role}</th>
              <th scope="col" className="col-wide">
                {t.people.by}
              </th>
              <th scope="col" className="col-created">
                {t.people.until}
              </th>
              <th scope="col">
                <span className="unseen">{t.people.actions}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {invitations.data.items.map(invitation => (
              <tr key={invitation.id}>
                <th scope="row">{invitation.email}</th>
                <td>{t.settings.roles[invitation.role]}</td>
                <td className="col-wide">{invitation.by ?? t.common.unknown}</td>
                <td className="col-created">{format.moment(Date.parse(invitation.expiresAt))}</td>
                <td className="end">
                  <IconButton label={t.people.withdraw({ email: invitation.email })} onPress={() => setWithdrawing(invitation)}>
                    {icons.bin}
                  </IconButton>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {withdrawing && (
        <Ask
          open
          close={() => setWithdrawing(null)}
          title={t.people.withdrawTitle({ email: withdrawing.email })}
          confirm={t.people.withdrawConfirm}
          danger
          act={async () => {
            await calls.withdrawInvitation(withdrawing.id)
            await queryClient.invalidateQueries(queries.invitations)
            say(t.people.withdrawn({ email: withdrawing.email }))
            return 'done'
          }}
        >
          <p>{t.people.withdrawText}</p>
        </Ask>
      )}
    </section>
  )
}

const roles = ['viewer', 'operator', 'owner'] as const
type Role = (typeof roles)[number]

/** Asks whom to invite, then shows the link: nobody can show it again. */
export function Invite({ close }: { close: () => void }) {
  const { t } = useSpeech()
  const [email, setEmail] = useState('')
  const [role, setRole] = useState<Role>('operator')
  const [error, setError] = useState<string | null>(null)
  const [made, setMade] = useState<MadeInvitation | null>(null)
  if (made)
    return (
      <ShownOnce
        close={close}
        title={t.people.linkTitle({ email: made.email })}
        text={t.people.linkText}
        values={[{ name: t.people.link, value: made.link }]}
      />
    )
  return (
    <Ask
      open
      close={close}
      title={t.people.invite}
      confirm={t.people.inviteConfirm}
      act={async () => {
        setError(email.trim() === '' ? t.signIn.missingEmail : null)
        if (email.trim() === '') return 'stay'
        setMade(await calls.invite({ email: email.trim(), role }))
        await queryClient.invalidateQueries(queries.invitations)
        return 'stay'
      }}
    >
      <Field name="email" label={t.people.email} type="email" value={email} onChange={setEmail} error={error} autoFocus />
      <Choice
        name="role"
        label={t.people.role}
        value={role}
        onChange={key => setRole(key)}
        options={roles.map((key): Option<Role> => ({ key, label: t.settings.roles[key], detail: t.people.may[key] }))}
      />
    </Ask>
  )
}
