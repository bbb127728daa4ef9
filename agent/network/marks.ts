/** What the inet table tells the bridge table of a packet: that it belongs to a connection that was let through, or to none that could be. */
export const marks = { known: '0x5100001', invalid: '0x5100002' } as const
