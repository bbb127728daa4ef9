import type { Reconciler } from './reconciler.ts'

/** Drops what is past its keeping: events, idempotency tokens, sessions, machines deleted an hour ago. */
export const expire: Reconciler = { name: 'expire', run: ({ store }) => store.expire() }
