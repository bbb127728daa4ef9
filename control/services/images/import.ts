import { refuse } from '@sirocco/shared/kit/fault.ts'
import { catalogue } from '@sirocco/shared/model/images/catalogue.ts'
import { z } from 'zod'
import { write } from '../verb.ts'
import { Checksum, checksumOf, NewImageInput, newImage } from './new.ts'

/** An address that bytes may be fetched from; where it leads is looked at by whoever fetches. */
const Address = z
  .url({ protocol: /^https?$/, error: 'an address begins with https:// or http://' })
  .max(2_048)
  .refine(text => {
    const url = URL.parse(text)
    return url !== null && url.username === '' && url.password === ''
  }, 'an address may carry no user name or password')

/** Makes an image of what lies at an address, or of an entry of the catalogue: fetched, checked and converted by an agent. */
export const importImage = write('images.import', {
  input: NewImageInput.partial({ name: true }).extend({
    url: Address.optional(),
    checksum: Checksum.optional(),
    /** A file of checksums, as distributions publish them, that names the file. */
    checksumUrl: Address.optional(),
    /** The id of an entry of the catalogue. */
    catalogue: z.string().max(64).optional(),
  }),
  async run(context, { url, checksum, checksumUrl, catalogue: entry, name, ...wanted }) {
    if (entry !== undefined) {
      const found = catalogue.find(known => known.id === entry)
      if (!found) return refuse('not_found', `the catalogue has no ${entry}`, { field: 'catalogue' })
      if (url !== undefined || checksum !== undefined || checksumUrl !== undefined)
        return refuse('invalid', 'the catalogue has its own address and checksum: leave yours out', { field: 'catalogue' })
      return newImage(
        context,
        {
          ...wanted,
          name: name ?? found.name,
          description: wanted.description === '' ? found.description : wanted.description,
          architecture: found.architecture,
          firmware: found.firmware,
        },
        { source: { kind: 'url', url: found.url, checksum: { by: 'file', url: found.checksums } }, origin: found.url },
      )
    }
    if (url === undefined)
      return refuse('invalid', 'say where the image lies, or name an entry of the catalogue', { field: 'url' })
    if (name === undefined) return refuse('invalid', 'give the image a name', { field: 'name' })
    if (checksum !== undefined && checksumUrl !== undefined)
      return refuse('invalid', 'give one checksum: the digits, or the address of a file of checksums', { field: 'checksumUrl' })
    if (url.startsWith('http:') && checksum === undefined && !checksumUrl?.startsWith('https:'))
      return refuse('invalid', 'what comes in clear text needs a checksum: give one, or an address that begins with https://', {
        field: 'checksum',
      })
    return newImage(
      context,
      { ...wanted, name },
      {
        source: {
          kind: 'url',
          url,
          checksum: checksumUrl === undefined ? checksumOf(checksum) : { by: 'file', url: checksumUrl },
        },
        origin: bare(url),
      },
    )
  },
})

/** Without what may be a credential. */
function bare(text: string): string {
  const url = new URL(text)
  return `${url.origin}${url.pathname}`
}
