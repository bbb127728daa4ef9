import { calls } from '../api/calls.ts'

/** Tries of one part, with doubling pauses, before the upload stops; it goes on later where it stopped. */
const tries = 5
const pause = 1_000

/**
 * Brings what is missing of a file, part by part, and says how far it is (0 to 1). What came before, from this page or from another that was
 * closed, is not sent again. `other`: the file is not as long as the one that the upload was begun with.
 */
export async function upload(
  image: string,
  file: File,
  told: (part: number) => void,
  signal: AbortSignal,
): Promise<'done' | 'other'> {
  const { bytes, partBytes, parts, here } = await calls.imageUpload(image)
  if (file.size !== bytes) return 'other'
  const there = new Set(here)
  for (let n = 1; n <= parts; n++) {
    if (!there.has(n)) await put(image, n, file.slice((n - 1) * partBytes, n * partBytes), signal)
    told(n / parts)
  }
  await calls.finishUpload(image)
  return 'done'
}

async function put(image: string, n: number, part: Blob, signal: AbortSignal): Promise<void> {
  for (let i = 1; ; i++) {
    try {
      await calls.putImagePart(image, n, part, signal)
      return
    } catch (problem) {
      if (signal.aborted || i >= tries) throw problem
      await new Promise(resolve => setTimeout(resolve, pause * 2 ** (i - 1)))
    }
  }
}
