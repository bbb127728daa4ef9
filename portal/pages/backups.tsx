import { useQuery } from '@tanstack/react-query'
import { queries } from '../api/queries.ts'
import type { Backup } from '../api/types.ts'
import { useSpeech } from '../locales/language.tsx'
import { Button } from '../ui/button.tsx'
import { Moment } from '../ui/moment.tsx'
import { Trouble } from '../ui/trouble.tsx'
import { nameOf } from './volume-deeds.ts'

interface BackupsProps {
  readonly reason: string | null
  restore(backup: Backup): void
  forget(backup: Backup): void
}

/** What volumes held, kept apart from their hosts: also of volumes that are gone. */
export function Backups({ reason, restore, forget }: BackupsProps) {
  const { t, format } = useSpeech()
  const backups = useQuery(queries.backups)
  if (backups.error) return <Trouble problem={backups.error} again={() => void backups.refetch()} />
  if (!backups.data || backups.data.items.length === 0) return null
  return (
    <section className="further">
      <h2>{t.volumes.backups}</h2>
      <div className="sheet">
        <table className="grid">
          <caption className="unseen">{t.volumes.backups}</caption>
          <thead>
            <tr>
              <th scope="col">{t.volumes.name}</th>
              <th scope="col">{t.volumes.state}</th>
              <th scope="col">{t.volumes.size}</th>
              <th scope="col">{t.volumes.stored}</th>
              <th scope="col">{t.volumes.of}</th>
              <th scope="col" className="col-created">
                {t.volumes.created}
              </th>
              <th scope="col">
                <span className="unseen">{t.volumes.actions}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {backups.data.items.map(backup => (
              <tr key={backup.id}>
                <th scope="row">{nameOf(backup)}</th>
                <td>
                  {t.volumes.backupStates[backup.state]}
                  {(backup.progress ?? backup.stateReason?.message) && (
                    <span className="soft small block">{backup.progress ?? backup.stateReason?.message}</span>
                  )}
                </td>
                <td>{format.mib(backup.sizeMiB)}</td>
                <td>{backup.storedBytes === null ? '' : format.mib(Math.ceil(backup.storedBytes / 2 ** 20))}</td>
                <td>{backup.volumeEc2Id}</td>
                <td className="col-created">
                  <Moment at={backup.createdAt} />
                </td>
                <td className="end">
                  <div className="actions">
                    <Button
                      look="quiet"
                      aria-label={`${t.volumes.restore} ${nameOf(backup)}`}
                      reason={reason ?? (backup.state === 'ready' ? null : t.volumes.reasons.not_ready)}
                      onPress={() => restore(backup)}
                    >
                      {t.volumes.restore}
                    </Button>
                    <Button
                      look="quiet"
                      aria-label={`${t.volumes.deeds.delete} ${nameOf(backup)}`}
                      reason={reason ?? (backup.state === 'deleting' ? t.volumes.reasons.going : null)}
                      onPress={() => forget(backup)}
                    >
                      {t.volumes.deeds.delete}
                    </Button>
                  </div>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  )
}
