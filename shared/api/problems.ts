import type { FaultCode } from '../kit/fault.ts'

/** How each Fault is told over HTTP: the one place. */
export const problems = {
  not_found: { status: 404, title: 'There is no such thing here' },
  already_exists: { status: 409, title: 'It exists already' },
  invalid: { status: 400, title: 'The request is not valid' },
  precondition: { status: 409, title: 'Its state does not permit this' },
  conflict: { status: 409, title: 'It conflicts with another request' },
  stale: { status: 409, title: 'It changed meanwhile' },
  quota: { status: 403, title: 'The quota of the project would be exceeded' },
  capacity: { status: 503, title: 'There is no room for it now' },
  unsupported: { status: 422, title: 'This cloud cannot do that' },
  unauthenticated: { status: 401, title: 'Sign in first' },
  forbidden: { status: 403, title: 'You may not do this' },
  throttled: { status: 429, title: 'Too many requests' },
  unavailable: { status: 503, title: 'Not available at the moment' },
  internal: { status: 500, title: 'Something went wrong here' },
} as const satisfies Record<FaultCode, { status: number; title: string }>

/** The URI that names a kind of problem, whatever the words. */
export const problemType = (code: FaultCode): string => `https://sirocco.dev/problems/${code}`
