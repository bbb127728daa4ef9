/** What Linux tells of a process in `/proc/<pid>/stat`, as far as it is asked for here. */
export interface ProcessStat {
  /** One letter; `Z` and `X`: it has ended, and only waits to be reaped. */
  readonly state: string
  /** When it was started, in clock ticks since boot: together with its id it names one process until the next boot. */
  readonly started: string
}

/** Parses `/proc/<pid>/stat`; `undefined` where that is not what `text` is. */
export function processStat(text: string): ProcessStat | undefined {
  // The second field is the program's name in parentheses and may hold anything; the third is the state, the 22nd the start.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const [state, started] = [fields[0], fields[19]]
  return state && started ? { state, started } : undefined
}

/** Whether it runs no more: its files and sockets are closed, though its id may still be there. */
export const hasEnded = ({ state }: ProcessStat): boolean => state === 'Z' || state === 'X'
