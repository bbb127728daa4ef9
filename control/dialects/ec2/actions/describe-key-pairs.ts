import { limits } from '@sirocco/shared/model/limits.ts'
import type { KeyPair } from '../../../domain/images/image.ts'
import { listKeyPairs } from '../../../services/key-pairs/list.ts'
import { action } from '../action.ts'
import { filterOf, type Looks, tagLooks } from '../filters.ts'
import { pageOf } from '../paging.ts'
import { filters, flag, listOrNone, text } from '../parameters.ts'
import { renderKeyPair } from '../render/key-pair.ts'

const named = listOrNone(text.min(1, 'must not be empty'), limits.page)
const parameters = { KeyName: named, KeyPairId: named, Filter: filters, IncludePublicKey: flag.default(false) }

const looks = {
  ...tagLooks,
  fingerprint: keyPair => [keyPair.fingerprint],
  'key-name': keyPair => [keyPair.name],
  'key-pair-id': keyPair => [keyPair.alias],
} as const satisfies Looks<KeyPair>

/** DescribeKeyPairs: a name that is not there is an error, as tools rely on. */
export const DescribeKeyPairs = action({ right: 'key-pairs.list', noun: 'key-pair', parameters }, async (request, given) => {
  const passes = filterOf<KeyPair>(given.Filter, looks, keyPair => keyPair.tags)
  const names = [...new Set([...given.KeyName, ...given.KeyPairId])]
  const { items } =
    names.length > 0
      ? await request.call(listKeyPairs, { names })
      : await pageOf({ passes, residual: true, keyOf: keyPair => keyPair.id, page: page => request.call(listKeyPairs, page) })
  return { keySet: items.filter(passes).map(keyPair => renderKeyPair(keyPair, given.IncludePublicKey)) }
})
