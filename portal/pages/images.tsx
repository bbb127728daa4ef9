import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { queries } from '../api/queries.ts'
import { useSpeech } from '../locales/language.tsx'
import { Copyable } from '../ui/copy.tsx'
import { Page } from '../ui/page.tsx'
import { Empty, Trouble, Waiting } from '../ui/trouble.tsx'

/** What machines boot from. */
export function ImagesPage() {
  const { t, format } = useSpeech()
  const images = useQuery(queries.images)
  return (
    <Page title={t.images.title} lead={t.images.lead}>
      {images.error ? (
        <Trouble problem={images.error} again={() => void images.refetch()} />
      ) : !images.data ? (
        <Waiting />
      ) : images.data.items.length === 0 ? (
        <Empty title={t.images.emptyTitle}>
          <p>{t.images.emptyText}</p>
        </Empty>
      ) : (
        <div className="sheet">
          <table className="grid">
            <caption className="unseen">{t.images.title}</caption>
            <thead>
              <tr>
                <th scope="col">{t.images.name}</th>
                <th scope="col">{t.images.id}</th>
                <th scope="col" className="col-wide">
                  {t.images.architecture}
                </th>
                <th scope="col" className="col-wide">
                  {t.images.size}
                </th>
                <th scope="col" className="col-wide">
                  {t.images.minDisk}
                </th>
                <th scope="col" className="col-wide">
                  {t.images.owner}
                </th>
                <th scope="col">
                  <span className="unseen">{t.images.actions}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {images.data.items.map(image => (
                <tr key={image.id}>
                  <th scope="row">
                    {image.name}
                    {image.description !== '' && <span className="soft small block">{image.description}</span>}
                  </th>
                  <td>
                    <Copyable text={image.ec2Id} what={t.images.id} />
                  </td>
                  <td className="col-wide">{image.architecture}</td>
                  <td className="col-wide">{format.bytes(image.bytes)}</td>
                  <td className="col-wide">{format.mib(image.minDiskMiB)}</td>
                  <td className="col-wide">{image.public ? t.images.platform : t.images.project}</td>
                  <td className="end">
                    <Link
                      to="/machines/new"
                      search={{ image: image.id }}
                      className="button"
                      aria-label={t.images.launch({ name: image.name })}
                    >
                      {t.images.launchShort}
                    </Link>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Page>
  )
}
