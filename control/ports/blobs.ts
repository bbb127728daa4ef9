/** Image bytes, by key. At the edge R2; on one machine a folder behind the same interface. */
export interface Blobs {
  /** null where there is none. `range` is `bytes=a-b` as HTTP's. */
  get(
    key: string,
    range?: { offset: number; length?: number },
  ): Promise<{ body: ReadableStream<Uint8Array>; size: number } | null>
}
