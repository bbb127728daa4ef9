import { limits } from '@sirocco/shared/model/limits.ts'

/**
 * The session's cookie. Over TLS its name begins with `__Host-`: browsers then take it from this host only, over TLS only. Cookies
 * know no ports, so the port is in the name where the URL has one: instances on one machine keep their own sessions.
 */
export function cookieName(publicUrl: string): string {
  const { protocol, port } = new URL(publicUrl)
  return `${protocol === 'https:' ? '__Host-' : ''}sirocco_session${port === '' ? '' : `_${port}`}`
}

const attributes = (publicUrl: string, maxAge: number) =>
  `Path=/; HttpOnly; SameSite=Strict; Max-Age=${maxAge}${publicUrl.startsWith('https:') ? '; Secure' : ''}`

export const setCookie = (publicUrl: string, token: string): string =>
  `${cookieName(publicUrl)}=${token}; ${attributes(publicUrl, Math.floor(limits.session / 1000))}`

export const dropCookie = (publicUrl: string): string => `${cookieName(publicUrl)}=; ${attributes(publicUrl, 0)}`

export function cookieOf(request: Request, publicUrl: string): string | null {
  const name = cookieName(publicUrl)
  for (const pair of (request.headers.get('cookie') ?? '').split(';')) {
    const at = pair.indexOf('=')
    if (pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim() || null
  }
  return null
}
