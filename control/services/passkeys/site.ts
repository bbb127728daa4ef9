/** What passkeys are bound to (WebAuthn, 5.1.2): a domain, and the one origin whose pages may use them. */
export interface Site {
  readonly domain: string
  readonly origin: string
}

/**
 * Of this instance's own address. Browsers take no IP address: one on loopback is `localhost` to them, by the same port; at any other there are
 * no passkeys (null), nor at one without TLS.
 */
export function siteOf(publicUrl: string): Site | null {
  const { protocol, hostname, port, origin } = new URL(publicUrl)
  if (hostname === '127.0.0.1' || hostname === '[::1]')
    return { domain: 'localhost', origin: `${protocol}//localhost${port === '' ? '' : `:${port}`}` }
  if (/^[\d.]+$|^\[/.test(hostname)) return null
  return protocol === 'https:' || hostname === 'localhost' ? { domain: hostname, origin } : null
}
