import type { QuotaResource } from '@sirocco/shared/model/quota.ts'

/** Of one project and one resource; `limit` null: as much as there is. */
export interface Quota {
  readonly resource: QuotaResource
  readonly limit: number | null
  readonly used: number
}
