/**
 * Was this sent by a page of another site? Browsers say so by Sec-Fetch-Site, older ones by Origin on all but GET; who says neither is
 * no browser, and carries no cookie that it does not mean to. (SameSite=Strict stands behind it.)
 */
export function isCrossSite(request: Request, publicUrl: string): boolean {
  const site = request.headers.get('sec-fetch-site')
  if (site !== null) return site !== 'same-origin' && site !== 'none'
  const origin = request.headers.get('origin')
  return origin !== null && origin !== new URL(publicUrl).origin && origin !== new URL(request.url).origin
}
