/** On an answer that came from this machine itself, since the request may not go where it should: why. */
export const refusedHeader = 'x-sirocco-refused'
