import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as pause } from 'node:timers/promises'
import { Instance } from '../support/instance.ts'
import { type Figure, figure } from './figure.ts'
import { Fleet } from './fleet.ts'

/** How many agents there are at each look; each with one simulated host that carries nothing. */
const sizes = [2_000, 5_000, 10_000] as const
const restMs = 60_000
const freshWithinMs = 180_000

/** Rows that must not be written while nothing changes; those of history and usage are not among them. */
const written = [
  "(SELECT seq FROM sqlite_sequence WHERE name = 'event')",
  '(SELECT count(*) FROM commits)',
  '(SELECT sum(revision) FROM host)',
  '(SELECT sum(seq) FROM host_observed)',
  '(SELECT sum(epoch) FROM agent)',
].join(' + ')

interface Process {
  readonly pid: number
  readonly command: string
  /** Spent by now, in seconds. */
  readonly cpu: number
  readonly rssMiB: number
}

const ticksPerSecond = 100
const pageMiB = 4_096 / 2 ** 20

/** Every process of the group that `leader` leads. */
function groupOf(leader: number): Process[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .flatMap(name => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
        // After the name in parentheses: state, ppid, pgrp … utime and stime are the 14th and 15th field, rss the 24th (proc(5)).
        const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
        if (Number(fields[2]) !== leader) return []
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0').join(' ')
        const cpu = (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
        return [{ pid: Number(name), command, cpu, rssMiB: Number(fields[21]) * pageMiB }]
      } catch {
        // It ended meanwhile.
        return []
      }
    })
}

const isWorkerd = ({ command }: Process): boolean => /\/workerd\S* serve/.test(command)
const sum = (processes: readonly Process[], of: 'cpu' | 'rssMiB') => processes.reduce((all, process) => all + process[of], 0)

/**
 * Many agents on one local control plane: its CPU and memory, and the rows that it writes, while nothing changes (aim: none), and how long
 * until all are linked again after workerd was killed (aim: 60 s).
 */
export async function agents(): Promise<Figure[]> {
  const instance = await Instance.start({ args: ['--no-agent'] })
  const database = new DatabaseSync(join(instance.data, 'control.db'))
  const fleet = new Fleet(instance.ready.url)
  const one = (sql: string): number => Number(Object.values(database.prepare(`SELECT ${sql} AS value`).get() ?? {})[0] ?? 0)
  const linked = () => one('(SELECT count(*) FROM agent WHERE silentSince IS NULL AND epoch > 0)')
  const epochs = () => one('(SELECT coalesce(sum(epoch), 0) FROM agent)')
  const figures: Figure[] = []
  try {
    database.exec('PRAGMA busy_timeout = 20000')
    for (const size of sizes) {
      await fleet.growTo(size, tokens(database))
      await until(() => linked() >= size && one('(SELECT count(*) FROM host_observed)') >= size, freshWithinMs)
      // What follows from linking is over.
      await pause(15_000)

      const [rows, before, events] = [one(written), sum(groupOf(instance.group), 'cpu'), one('(SELECT max(seq) FROM event)')]
      await pause(restMs)
      const group = groupOf(instance.group)
      figures.push(
        figure(`agents-${size}-rows`, 'rows/min', [one(written) - rows + (one('(SELECT max(seq) FROM event)') - events)]),
        figure(`agents-${size}-cpu`, 'cores', [(sum(group, 'cpu') - before) / (restMs / 1_000)]),
        figure(`agents-${size}-workerd`, 'MiB', [sum(group.filter(isWorkerd), 'rssMiB')]),
      )

      const known = epochs()
      for (const { pid } of group.filter(isWorkerd)) process.kill(pid, 'SIGKILL')
      const killed = performance.now()
      await until(() => epochs() >= known + size && fleet.live() >= size, freshWithinMs)
      figures.push(figure(`agents-${size}-fresh`, 's', [(performance.now() - killed) / 1_000]))
    }
    return figures
  } finally {
    await fleet.stop()
    database.close()
    await instance.dispose()
  }
}

/** Makes enrolment tokens as the control plane would: beside it, since it hands out few at a time. */
function tokens(database: DatabaseSync): (hashes: readonly string[]) => void {
  return hashes => {
    const zone = Object.values(database.prepare('SELECT id FROM zone').get() ?? {})[0]
    const insert = database.prepare('INSERT INTO enrolment (tokenHash, zone, expiresAt) VALUES (?, ?, ?)')
    database.exec('BEGIN IMMEDIATE')
    for (const hash of hashes) insert.run(hash, String(zone), Date.now() + 3_600_000)
    database.exec('COMMIT')
  }
}

async function until(holds: () => boolean, withinMs: number): Promise<void> {
  for (const end = performance.now() + withinMs; !holds(); await pause(100))
    if (performance.now() > end) throw new Error(`it does not come to rest within ${withinMs / 1_000} s`)
}
