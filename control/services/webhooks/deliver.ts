import { eventJson } from '@sirocco/shared/api/events.ts'
import { ok, type Result } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { tells } from '../../domain/events/webhook.ts'
import type { Change } from '../../ports/changes.ts'
import type { Outward } from '../../ports/outward.ts'
import type { Behind, DueDelivery } from '../../ports/webhooks.ts'
import type { Ports } from '../context.ts'
import { secretPlace, signatureHeaders } from './secret.ts'

/**
 * Tells webhooks of what happened since, and of what did not arrive before; of one project, or of all. Each event arrives at least once, in the order of
 * events where all goes well. Answers how many tries there were.
 */
export async function deliver(ports: Ports, project: Id<'project'> | null): Promise<Result<number>> {
  const { store, outward } = ports
  if (!outward) return ok(0)
  const behind = await store.webhooks.behind(project, limits.reconcilePage)
  if (!behind.ok) return behind
  for (const webhook of behind.value) {
    const gathered = await gather(ports, webhook)
    // Another was first.
    if (!gathered.ok && gathered.fault.code !== 'stale') return gathered
  }
  const due = await store.webhooks.due(project, limits.reconcilePage)
  if (!due.ok) return due
  // One webhook that is slow holds up no other.
  const each = Map.groupBy(due.value, ({ webhook }) => webhook)
  const ended = await Promise.all([...each.values()].map(deliveries => inOrder(ports, outward, deliveries)))
  return ended.find(result => !result.ok) ?? ok(due.value.length)
}

/** Puts events on their way. */
async function gather({ store, ids }: Ports, { id: webhook, project, types, cursor }: Behind): Promise<Result<void>> {
  const found = await store.events.since({ project }, cursor, limits.reconcilePage)
  if (!found.ok) return found
  const { events } = found.value
  const deliveries = events
    .filter(({ type }) => tells({ types }, type))
    .map(event => {
      const { at, type, ...data } = eventJson(event)
      return {
        id: ids.make('delivery'),
        seq: event.seq,
        type,
        body: JSON.stringify({ type, timestamp: at, data: { project, ...data } }),
      }
    })
  return store.commit([{ do: 'webhook.gather', webhook, from: cursor, cursor: events.at(-1)?.seq ?? cursor, deliveries }])
}

async function inOrder(ports: Ports, outward: Outward, deliveries: readonly DueDelivery[]): Promise<Result<void>> {
  for (const delivery of deliveries) {
    const tried = await once(ports, outward, delivery)
    if (!tried.ok) return tried
    // Who does not answer is not asked for the next at once.
    if (!tried.value) break
  }
  return ok(undefined)
}

/** One try, which nobody else makes meanwhile; whether it arrived. */
async function once(ports: Ports, outward: Outward, delivery: DueDelivery): Promise<Result<boolean>> {
  const { store, secrets, clock } = ports
  const { id, url, body } = delivery
  const attempts = delivery.attempts + 1
  const begun = await store.commit([
    { do: 'delivery.try', delivery: id, attempts: delivery.attempts, until: clock.now() + 2 * limits.webhookTimeout },
  ])
  if (!begun.ok) return begun.fault.code === 'stale' ? ok(true) : begun
  const secret = await secrets.open(delivery.secret, secretPlace(delivery.webhook))
  if (!secret.ok) return secret
  const headers = { 'content-type': 'application/json', ...(await signatureHeaders(secret.value, { id, at: clock.now(), body })) }
  const answer = await outward.post(url, headers, body)
  const status = answer.ok ? answer.value.status : null
  const arrived = status !== null && status >= 200 && status < 300
  const wait = limits.webhookPauses[attempts - 1]
  const how: Omit<Extract<Change, { do: 'delivery.tried' }>, 'do' | 'delivery' | 'attempts'> = arrived
    ? { state: 'delivered', nextAt: null, status, error: null }
    : {
        state: wait === undefined ? 'failed' : 'waiting',
        nextAt: wait === undefined ? null : clock.now() + wait,
        status,
        error: answer.ok ? `it answered ${status}` : answer.fault.message,
      }
  const told = await store.commit([{ do: 'delivery.tried', delivery: id, attempts, ...how }])
  return told.ok ? ok(arrived) : told
}
