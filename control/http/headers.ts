/**
 * What browsers are told with every answer. Content comes from here alone; sockets are named besides, since not every browser counts them
 * as `self`.
 */
export function securityHeaders(publicUrl: string): Readonly<Record<string, string>> {
  const { protocol, host, port } = new URL(publicUrl)
  const secure = protocol === 'https:'
  return {
    'content-security-policy': [
      "default-src 'self'",
      "script-src 'self'",
      "style-src 'self'",
      "img-src 'self' data:",
      `connect-src 'self' ${secure ? 'wss' : 'ws'}://${host}`,
      "object-src 'none'",
      "base-uri 'none'",
      "form-action 'self'",
      "frame-ancestors 'none'",
    ].join('; '),
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': 'camera=(), microphone=(), geolocation=()',
    // It would bind every port of the host: only where ours is the one that browsers take by default.
    ...(secure && port === '' ? { 'strict-transport-security': 'max-age=31536000' } : {}),
  }
}

/** `response` with those headers; an upgrade is left as it is. */
export function secured(response: Response, publicUrl: string): Response {
  if (response.status === 101) return response
  const copy = new Response(response.body, response)
  for (const [name, value] of Object.entries(securityHeaders(publicUrl))) copy.headers.set(name, value)
  return copy
}
