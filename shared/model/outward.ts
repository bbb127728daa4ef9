/** On an answer that came from this machine itself, since the request may not go where it should: why. */
export const refusedHeader = 'x-sirocco-refused'

/** On a request whose answer is read: with it the body comes along, up to `limits.outwardAnswer`; it goes no further than this machine. */
export const wantedHeader = 'x-sirocco-wanted'
