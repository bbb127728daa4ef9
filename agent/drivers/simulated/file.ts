import { randomUUID } from 'node:crypto'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import type { Timers } from '@sirocco/shared/kit/clock.ts'
import { SimulatedHost } from './host.ts'
import { SimulatedState } from './state.ts'

/**
 * A simulated host that goes on while no agent runs: its state lies in a file, what was due meanwhile happens at the next opening.
 * Written by a rename and not fsynced: it plays a host, not a database.
 */
export function simulatedHostIn(file: string, name: string, timers: Timers): SimulatedHost {
  const state = stateIn(file)
  return new SimulatedHost({
    timers,
    name,
    bootId: state?.bootId ?? randomUUID(),
    ...(state ? { state } : {}),
    save: now => {
      writeFileSync(`${file}.new`, JSON.stringify(now), { mode: 0o600 })
      renameSync(`${file}.new`, file)
    },
  })
}

function stateIn(file: string): SimulatedState | null {
  let content: string
  try {
    content = readFileSync(file, 'utf8')
  } catch {
    return null
  }
  return SimulatedState.parse(JSON.parse(content))
}
