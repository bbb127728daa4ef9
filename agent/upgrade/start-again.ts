/** Whether this process, once it ends, is started again: by itself, or by systemd. */
export const startsAgain = (): boolean => typeof process.execve === 'function' || process.env.INVOCATION_ID !== undefined

/** The same command line anew, in this same process where Node can do that (22.15 and later); else whoever keeps it starts it again. */
export function startAgain(): never {
  if (typeof process.execve === 'function')
    process.execve(process.execPath, [process.execPath, ...process.execArgv, ...process.argv.slice(1)], process.env)
  process.exit(0)
}
