/** An upload's manifest: parts of one size, numbered from 1, the last with what is left. Bytes. */
export interface Upload {
  readonly bytes: number
  readonly partBytes: number
}

export const partsOf = ({ bytes, partBytes }: Upload): number => Math.ceil(bytes / partBytes)

export const bytesOfPart = (upload: Upload, n: number): number =>
  Math.min(upload.partBytes, upload.bytes - (n - 1) * upload.partBytes)
