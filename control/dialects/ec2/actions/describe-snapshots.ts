import { limits } from '@sirocco/shared/model/limits.ts'
import type { Snapshot } from '../../../domain/volumes/snapshot.ts'
import { listSnapshots } from '../../../services/snapshots/list.ts'
import { action } from '../action.ts'
import { filterOf, type Looks, tagLooks } from '../filters.ts'
import { pageOf } from '../paging.ts'
import { filters, listOrNone, paging, snapshotId, text } from '../parameters.ts'
import { Refusal } from '../refusal.ts'
import { renderSnapshot, type SnapshotRow } from '../render/snapshot.ts'
import { snapshotsNamed } from '../snapshots.ts'

const parameters = {
  SnapshotId: listOrNone(snapshotId, limits.bulk),
  Owner: listOrNone(text, 100),
  RestorableBy: listOrNone(text, 100),
  Filter: filters,
  ...paging,
}

type Row = SnapshotRow & { readonly tags: Snapshot['tags'] }

const looks = {
  ...tagLooks,
  description: row => [row.description],
  encrypted: () => ['false'],
  'owner-alias': () => [],
  'owner-id': row => [row.ownerId],
  progress: row => [row.progress],
  'snapshot-id': row => [row.snapshotId],
  'start-time': row => [row.startTime],
  status: row => [row.status],
  'storage-tier': row => [row.storageTier],
  'volume-id': row => [row.volumeId],
  'volume-size': row => [String(row.volumeSize)],
} as const satisfies Looks<Row>

/** DescribeSnapshots: the project's own, which are all that it can use. */
export const DescribeSnapshots = action({ right: 'snapshots.list', noun: 'snapshot', parameters }, async (request, given) => {
  const { account } = request.principal
  const own = (who: readonly string[]) => who.length === 0 || who.some(one => one === 'self' || one === account)
  const mine = own(given.Owner) && own(given.RestorableBy)
  const filtered = filterOf<Row>(given.Filter, looks, row => row.tags)
  const passes = (snapshot: Snapshot) =>
    mine && !snapshot.deleted && filtered({ ...renderSnapshot(snapshot, account), tags: snapshot.tags })
  if (given.SnapshotId.length > 0) {
    if (given.MaxResults !== undefined)
      throw new Refusal('InvalidParameterCombination', 'The parameter snapshotSet cannot be used with the parameter maxResults')
    const named = await snapshotsNamed(request, given.SnapshotId)
    return { snapshotSet: named.filter(passes).map(snapshot => renderSnapshot(snapshot, account)) }
  }
  const { items, nextToken } = await pageOf({
    ...given,
    passes,
    residual: true,
    keyOf: snapshot => snapshot.id,
    page: page => request.call(listSnapshots, page),
  })
  return { snapshotSet: items.map(snapshot => renderSnapshot(snapshot, account)), nextToken }
})
