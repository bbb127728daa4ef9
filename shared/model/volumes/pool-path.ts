/** In a directory that hosts share: names its pool, so that no host takes another directory for it. */
export const sharedMark = '.sirocco-pool'

/** How a directory is written: absolute, in plain words, with no `.` or `..`. */
export const plainPath = /^(?:\/[A-Za-z0-9_-][A-Za-z0-9._-]*)+$/

/** A directory for volumes: absolute, in plain words, with no `.` or `..`, and nowhere that a system keeps for itself. */
export const poolPath =
  /^(?!\/(?:bin|boot|dev|etc|lib|lib64|proc|root|run|sbin|sys|tmp|usr)(?:\/|$))(?:\/[A-Za-z0-9_-][A-Za-z0-9._-]*)+$/
