/** A sample of Prometheus' text format. */
export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

const line = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (-?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|Inf)|NaN)$/
const label = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\\\|\\"|\\n)*)"(?:,|$)/

/**
 * Reads version 0.0.4 as strictly as Prometheus does: each family has its help and type before its samples, all of it together, no sample
 * twice, and the text ends with a line's end. Throws where it is not so.
 */
export function parsePrometheus(text: string): Sample[] {
  if (!text.endsWith('\n')) throw new Error('the last line has no end')
  const samples: Sample[] = []
  const seen = new Set<string>()
  const families = new Set<string>()
  let family: string | null = null
  let type: string | null = null
  for (const row of text.slice(0, -1).split('\n')) {
    const help = /^# HELP (\S+) (.+)$/.exec(row)?.[1]
    const typed = /^# TYPE (\S+) (counter|gauge)$/.exec(row)
    if (help !== undefined) {
      if (families.has(help)) throw new Error(`${help} stands in two places`)
      families.add(help)
      family = help
      type = null
    } else if (typed) {
      if (typed[1] !== family || type !== null) throw new Error(`a type of ${typed[1]} that does not follow its help`)
      type = typed[2] ?? null
    } else {
      const [, name = '', pairs = '', value = ''] = line.exec(row) ?? []
      if (name === '' || name !== family || type === null) throw new Error(`no sample of ${family}: ${row}`)
      if (seen.has(`${name}{${pairs}}`)) throw new Error(`twice: ${row}`)
      seen.add(`${name}{${pairs}}`)
      if (type === 'counter' && !(Number(value) >= 0)) throw new Error(`a counter below nothing: ${row}`)
      samples.push({ name, labels: labelsOf(pairs), value: Number(value) })
    }
  }
  return samples
}

function labelsOf(pairs: string): Record<string, string> {
  const labels: Record<string, string> = {}
  for (let rest = pairs; rest !== ''; ) {
    const found = label.exec(rest)
    const [whole, name = '', text = ''] = found ?? []
    if (whole === undefined || Object.hasOwn(labels, name)) throw new Error(`no labels: ${pairs}`)
    labels[name] = text.replace(/\\(.)/g, (_, of) => (of === 'n' ? '\n' : of))
    rest = rest.slice(whole.length)
  }
  return labels
}
