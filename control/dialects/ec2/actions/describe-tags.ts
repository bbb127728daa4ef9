import { listTags } from '../../../services/tags/list.ts'
import { action } from '../action.ts'
import { filterOf, type Looks } from '../filters.ts'
import { pageOf } from '../paging.ts'
import { filters, paging } from '../parameters.ts'
import { resourceTypeOf } from '../resource-types.ts'

const parameters = { Filter: filters, ...paging }

interface Row {
  readonly resource: string
  readonly alias: string
  readonly key: string
  readonly value: string
}
const looks = {
  key: row => [row.key],
  'resource-id': row => [row.alias],
  'resource-type': row => [resourceTypeOf(row.alias)],
  value: row => [row.value],
} as const satisfies Looks<Row>

/** DescribeTags: by resource and key. */
export const DescribeTags = action({ right: 'tags.list', noun: 'tag', parameters }, async (request, given) => {
  const passes = filterOf<Row>(given.Filter, looks, row => ({ [row.key]: row.value }))
  const { items, nextToken } = await pageOf({
    ...given,
    passes,
    residual: given.Filter.length > 0,
    keyOf: row => `${row.resource}|${row.key}`,
    page: page => request.call(listTags, page),
  })
  return {
    tagSet: items.map(row => ({
      resourceId: row.alias,
      resourceType: resourceTypeOf(row.alias),
      key: row.key,
      value: row.value,
    })),
    nextToken,
  }
})
