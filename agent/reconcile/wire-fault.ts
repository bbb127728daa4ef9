import type { Fault } from '@sirocco/shared/kit/fault.ts'

/** As it goes into frames, a full one of which has room for as many. */
export const wireFault = ({ code, message, detail }: Fault) => ({
  code,
  message: message.slice(0, 500),
  ...(detail === undefined ? {} : { detail: detail.slice(0, 2_000) }),
})
