import { useQuery, useSuspenseQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { calls } from '../api/calls.ts'
import { queries, queryClient } from '../api/queries.ts'
import type { Image } from '../api/types.ts'
import { useSpeech } from '../locales/language.tsx'
import { Ask } from '../ui/ask.tsx'
import { Button, IconButton } from '../ui/button.tsx'
import { Copyable } from '../ui/copy.tsx'
import { Field } from '../ui/field.tsx'
import { icons } from '../ui/icons.tsx'
import { Loaded } from '../ui/loaded.tsx'
import { say } from '../ui/notices.tsx'
import { Page } from '../ui/page.tsx'
import { Empty } from '../ui/trouble.tsx'
import { FetchImage, ImportImage, UploadImage } from './image-add.tsx'

/** What machines boot from. */
export function ImagesPage() {
  const { t, format } = useSpeech()
  const { data: me } = useSuspenseQuery(queries.me)
  const images = useQuery(queries.images)
  const [adding, setAdding] = useState<'import' | 'fetch' | 'upload' | null>(null)
  const [resuming, setResuming] = useState<Image | null>(null)
  const [sharing, setSharing] = useState<Image | null>(null)
  const [deleting, setDeleting] = useState<Image | null>(null)
  const reason = me.role === 'viewer' ? t.reasons.role : null
  const mine = (image: Image) =>
    reason === null && (image.owner === 'self' || (image.owner === 'platform' && me.role === 'admin'))
  const markForRescue = async (image: Image) => {
    await calls.markImageForRescue(image.id, !image.forRescue)
    await queryClient.invalidateQueries(queries.images)
  }
  const deprecate = async (image: Image) => {
    await calls.deprecateImage(image.id, image.deprecatedAt === null)
    await queryClient.invalidateQueries(queries.images)
  }
  const close = () => {
    setAdding(null)
    setResuming(null)
  }
  const buttons = (
    <>
      <Button look="primary" reason={reason} onPress={() => setAdding('fetch')}>
        {t.images.fetch}
      </Button>
      <Button reason={reason} onPress={() => setAdding('import')}>
        {t.images.import}
      </Button>
      <Button reason={reason} onPress={() => setAdding('upload')}>
        {t.images.upload}
      </Button>
    </>
  )
  return (
    <Page title={t.images.title} lead={t.images.lead} aside={buttons}>
      <Loaded query={images}>
        {data =>
          data.items.length === 0 ? (
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
                    <th scope="col">{t.images.state}</th>
                    <th scope="col" className="col-wide">
                      {t.images.id}
                    </th>
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
                  {data.items.map(image => (
                    <tr key={image.id}>
                      <th scope="row">
                        {image.name}
                        {image.description !== '' && <span className="soft small block">{image.description}</span>}
                      </th>
                      <td>
                        {image.state === 'importing' && image.progress !== null ? image.progress : t.images.states[image.state]}
                        {image.forRescue && <span className="soft small block">{t.images.rescues}</span>}
                        {image.deprecatedAt !== null && <span className="soft small block">{t.images.deprecated}</span>}
                        {image.fault && <span className="soft small block">{image.fault.message}</span>}
                      </td>
                      <td className="col-wide">
                        <Copyable text={image.ec2Id} what={t.images.id} />
                      </td>
                      <td className="col-wide">{image.architecture}</td>
                      <td className="col-wide">{format.bytes(image.bytes)}</td>
                      <td className="col-wide">{format.mib(image.minDiskMiB)}</td>
                      <td className="col-wide">
                        {image.owner === 'platform'
                          ? t.images.platform
                          : image.owner === 'self'
                            ? t.images.project
                            : t.images.other}
                      </td>
                      <td className="end">
                        <div className="actions">
                          {image.state === 'ready' && (
                            <Link
                              to="/machines/new"
                              search={{ image: image.id }}
                              className="button"
                              aria-label={t.images.launch({ name: image.name })}
                            >
                              {t.images.launchShort}
                            </Link>
                          )}
                          {mine(image) && image.state === 'pending' && (
                            <Button aria-label={t.images.resume({ name: image.name })} onPress={() => setResuming(image)}>
                              {t.images.resumeShort}
                            </Button>
                          )}
                          {mine(image) && image.owner === 'self' && image.state === 'ready' && (
                            <Button aria-label={t.images.share({ name: image.name })} onPress={() => setSharing(image)}>
                              {t.images.shareShort}
                            </Button>
                          )}
                          {mine(image) && image.state === 'ready' && (
                            <Button
                              aria-label={t.images.rescueNamed({ name: image.name, again: image.forRescue })}
                              onPress={() => void markForRescue(image)}
                            >
                              {image.forRescue ? t.images.notForRescue : t.images.forRescue}
                            </Button>
                          )}
                          {mine(image) && image.state === 'ready' && (
                            <Button
                              aria-label={t.images.deprecateNamed({ name: image.name, again: image.deprecatedAt !== null })}
                              onPress={() => void deprecate(image)}
                            >
                              {image.deprecatedAt === null ? t.images.deprecate : t.images.undeprecate}
                            </Button>
                          )}
                          {mine(image) && (
                            <IconButton label={t.images.delete({ name: image.name })} onPress={() => setDeleting(image)}>
                              {icons.bin}
                            </IconButton>
                          )}
                        </div>
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )
        }
      </Loaded>
      <ImportImage key={`import ${adding}`} open={adding === 'import'} close={close} />
      <FetchImage open={adding === 'fetch'} close={close} />
      <UploadImage
        key={`upload ${adding} ${resuming?.id}`}
        open={adding === 'upload' || resuming !== null}
        pending={resuming}
        close={close}
      />
      <ShareImage key={sharing?.id ?? ''} image={sharing} close={() => setSharing(null)} />
      <Ask
        open={deleting !== null}
        close={() => setDeleting(null)}
        title={t.images.deleteTitle({ name: deleting?.name ?? '' })}
        confirm={t.images.deleteConfirm}
        danger
        act={async () => {
          if (deleting === null) return 'done'
          await calls.deleteImage(deleting.id)
          await queryClient.invalidateQueries(queries.images)
          say(t.images.deleted({ name: deleting.name }))
          return 'done'
        }}
      >
        <p>{t.images.deleteText}</p>
      </Ask>
    </Page>
  )
}

/** Who else may launch from an image. What was named before stands in the field. */
function ShareImage({ image, close }: { image: Image | null; close: () => void }) {
  const { t } = useSpeech()
  const shares = useQuery({
    queryKey: ['of', image?.id ?? '', 'sharing'],
    queryFn: () => calls.imageShares(image?.id ?? ''),
    enabled: image !== null,
    staleTime: 0,
  })
  const [written, setWritten] = useState<string | null>(null)
  const text = written ?? shares.data?.items.map(project => project.name).join(', ') ?? ''
  return (
    <Ask
      open={image !== null}
      close={close}
      title={t.images.share({ name: image?.name ?? '' })}
      confirm={t.images.shareShort}
      act={async () => {
        if (image === null) return 'done'
        const projects = text.split(',').flatMap(name => (name.trim() === '' ? [] : [name.trim()]))
        await calls.shareImage(image.id, projects.length === 0 ? { visibility: 'private' } : { visibility: 'project', projects })
        await queryClient.invalidateQueries(queries.images)
        say(t.images.shared({ name: image.name }))
        return 'done'
      }}
    >
      <Field
        name="projects"
        label={t.images.projects}
        hint={t.images.shareText}
        value={text}
        onChange={setWritten}
        optional
        autoFocus
      />
    </Ask>
  )
}
