// Plain JavaScript without dependencies: the bootstrap needs it before there are any, and on the system's own Node.
import process from 'node:process'

const frames = '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏'
/** Between two pictures of the spinner, in milliseconds. */
const frameMs = 100
/** A step is only worth a word about its time when it took this long, in milliseconds. */
const worthMs = 1_000

/**
 * What a person sees of a step that takes time: a turning line on a terminal, a plain line elsewhere.
 * @typedef {{ step: <T>(title: string, run: (say: (detail: string) => void) => Promise<T> | T) => Promise<T>, say: (line: string) => void }} Progress
 */

/**
 * @param {{ write(text: string): unknown, isTTY?: boolean | undefined }} out
 * @param {() => number} [now] milliseconds that never go back
 * @returns {Progress}
 */
export function progressOn(out, now = () => performance.now()) {
  const say = (/** @type {string} */ line) => void out.write(`${line}\n`)
  const seconds = (/** @type {number} */ since) => `${((now() - since) / 1_000).toFixed(0)} s`

  return {
    say,
    async step(title, run) {
      const since = now()
      let detail = ''
      let turn = 0
      let shown = false
      const draw = () => {
        const suffix = detail === '' ? '' : `: ${detail}`
        out.write(`\r\x1b[K${frames.charAt(turn++ % frames.length)} ${title}${suffix} (${seconds(since)})`)
      }
      const announce = () => {
        shown = true
        if (!out.isTTY) say(`${title} …`)
      }
      // Steps that are over at once are not worth a line.
      const first = setTimeout(announce, worthMs / 4)
      const timer = out.isTTY ? setInterval(draw, frameMs) : undefined
      /** @param {string} outcome */
      const end = outcome => {
        clearTimeout(first)
        clearInterval(timer)
        if (out.isTTY) out.write('\r\x1b[K')
        if (shown && now() - since >= worthMs) say(`${title}: ${outcome} (${seconds(since)})`)
      }
      try {
        const value = await run(text => {
          detail = text
        })
        end('done')
        return value
      } catch (reason) {
        end('failed')
        throw reason
      }
    },
  }
}

export const progress = progressOn(process.stderr)
