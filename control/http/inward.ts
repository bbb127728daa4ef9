/** A request towards an object: what was verified stands in its URL; of what was claimed only the upgrade goes along. */
export function inward(request: Request, verified: Readonly<Record<string, string>>): Request {
  const headers = new Headers()
  for (const [name, value] of request.headers) if (/^(upgrade|connection|sec-websocket-.*)$/.test(name)) headers.set(name, value)
  return new Request(`https://object.internal/?${new URLSearchParams(verified)}`, { headers })
}

export const upgrades = (request: Request): boolean => request.headers.get('upgrade')?.toLowerCase() === 'websocket'
