import { deliver } from '../services/webhooks/deliver.ts'
import type { Reconciler } from './reconciler.ts'

/** Tells webhooks of what did not arrive before, and of what nobody was poked for. */
export const webhooks: Reconciler = { name: 'webhooks', run: ports => deliver(ports, null) }
