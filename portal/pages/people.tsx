import { useQuery, useSuspenseQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { calls } from '../api/calls.ts'
import { queries, queryClient } from '../api/queries.ts'
import type { Me, Member } from '../api/types.ts'
import { useSpeech } from '../locales/language.tsx'
import { Ask } from '../ui/ask.tsx'
import { Button, IconButton } from '../ui/button.tsx'
import { Choice, type Option } from '../ui/choice.tsx'
import { icons } from '../ui/icons.tsx'
import { Loaded } from '../ui/loaded.tsx'
import { say } from '../ui/notices.tsx'
import { Page } from '../ui/page.tsx'
import { Invite, OpenInvitations } from './invitations.tsx'
import { QuotaCard } from './quota-card.tsx'

/** Who works in this project, who is invited, and how much they may use together. */
export function PeoplePage() {
  const { t } = useSpeech()
  const { data: me } = useSuspenseQuery(queries.me)
  const members = useQuery(queries.members)
  const [inviting, setInviting] = useState(false)
  const owns = me.role === 'owner' || me.role === 'admin'
  const invite = (
    <Button look="primary" reason={owns ? null : t.people.ownersOnly} onPress={() => setInviting(true)}>
      {t.people.invite}
    </Button>
  )
  return (
    <Page title={t.people.title} lead={t.people.lead({ project: me.project.name })} aside={invite}>
      <div className="stack">
        <Loaded query={members}>{data => <Members me={me} members={data.items} />}</Loaded>
        {owns && <OpenInvitations />}
        <QuotaCard project={me.project.id} reason={me.role === 'admin' ? null : t.people.adminsOnly} />
      </div>
      {inviting && <Invite close={() => setInviting(false)} />}
    </Page>
  )
}

/** Why `me` may not change or remove this member; null: they may. */
function reasonOf(me: Me, member: Member, t: ReturnType<typeof useSpeech>['t']): string | null {
  if (me.role === 'admin') return null
  if (me.role !== 'owner') return t.people.ownersOnly
  return member.role === 'admin' ? t.people.adminsOnly : null
}

function Members({ me, members }: { me: Me; members: readonly Member[] }) {
  const { t } = useSpeech()
  const [changing, setChanging] = useState<Member | null>(null)
  const [removing, setRemoving] = useState<Member | null>(null)
  return (
    <div className="sheet">
      <table className="grid">
        <caption className="unseen">{t.people.members}</caption>
        <thead>
          <tr>
            <th scope="col">{t.people.email}</th>
            <th scope="col">{t.people.role}</th>
            <th scope="col">
              <span className="unseen">{t.people.actions}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {members.map(member => {
            const reason = reasonOf(me, member, t)
            const self = member.user === me.user.id
            return (
              <tr key={member.user}>
                <th scope="row" className="clip">
                  {member.email}
                  {self && <span className="soft"> ({t.people.you})</span>}
                  {member.disabled && <span className="soft"> ({t.people.disabled})</span>}
                </th>
                <td>{t.settings.roles[member.role]}</td>
                <td className="end">
                  <div className="actions">
                    <Button
                      look="quiet"
                      reason={reason}
                      aria-label={t.people.changeOf({ email: member.email })}
                      onPress={() => setChanging(member)}
                    >
                      {t.people.change}
                    </Button>
                    {(self || reason === null) && (
                      <IconButton
                        label={self ? t.people.leave : t.people.remove({ email: member.email })}
                        onPress={() => setRemoving(member)}
                      >
                        {icons.bin}
                      </IconButton>
                    )}
                  </div>
                </td>
              </tr>
            )
          })}
        </tbody>
      </table>
      {changing && <ChangeRole me={me} member={changing} close={() => setChanging(null)} />}
      {removing && <Remove me={me} member={removing} close={() => setRemoving(null)} />}
    </div>
  )
}

const roles = ['viewer', 'operator', 'owner', 'admin'] as const

function ChangeRole({ me, member, close }: { me: Me; member: Member; close: () => void }) {
  const { t } = useSpeech()
  const [role, setRole] = useState(member.role)
  return (
    <Ask
      open
      close={close}
      title={t.people.changeOf({ email: member.email })}
      confirm={t.people.save}
      act={async () => {
        await calls.changeMember(member.user, role)
        await queryClient.invalidateQueries(queries.members)
        // One's own role decides what every page offers.
        if (member.user === me.user.id) await queryClient.invalidateQueries(queries.me)
        say(t.people.changed({ email: member.email }))
        return 'done'
      }}
    >
      <Choice
        name="role"
        label={t.people.role}
        value={role}
        onChange={key => setRole(key)}
        options={roles.map(
          (key): Option<Member['role']> => ({
            key,
            label: t.settings.roles[key],
            detail: t.people.may[key],
            reason: key === 'admin' && me.role !== 'admin' ? t.people.adminsOnly : null,
          }),
        )}
      />
    </Ask>
  )
}

function Remove({ me, member, close }: { me: Me; member: Member; close: () => void }) {
  const { t } = useSpeech()
  const self = member.user === me.user.id
  return (
    <Ask
      open
      close={close}
      title={self ? t.people.leaveTitle({ project: me.project.name }) : t.people.removeTitle({ email: member.email })}
      confirm={self ? t.people.leave : t.people.removeConfirm}
      danger
      act={async () => {
        await calls.removeMember(member.user)
        await queryClient.invalidateQueries(queries.members)
        if (!self) say(t.people.removed({ email: member.email }))
        return 'done'
      }}
    >
      <p>{self ? t.people.leaveText : t.people.removeText}</p>
    </Ask>
  )
}
