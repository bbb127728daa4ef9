import type { Reason } from '@sirocco/shared/model/machines/transitions.ts'

const reasons: Record<Reason, (name: string) => string> = {
  is_creating: name => `${name} is still being created; wait until it runs`,
  is_starting: name => `${name} is starting; wait until it runs`,
  is_stopping: name => `${name} is stopping; wait until it is stopped, then start it`,
  is_stopped: name => `${name} is stopped; start it first`,
  is_paused: name => `${name} is paused; resume it first`,
  is_suspended: name => `${name} is suspended; resume it first`,
  is_failed: name => `${name} has failed; start it again, or delete it`,
  is_deleting: name => `${name} is being deleted`,
  is_gone: name => `${name} no longer exists`,
  not_stopped: name => `${name} is not stopped; stop it first`,
  host_silent: name => `the host of ${name} does not answer; try again once the host is back or fenced`,
}

/** A reason as the person who asked should read it. */
export const because = (reason: Reason, name: string): string => reasons[reason](name)
