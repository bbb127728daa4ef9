import { ok } from '@sirocco/shared/kit/fault.ts'
import type { Found } from '../item.ts'
import { domainItems, readDomains } from './domains.ts'
import { type Process, readProcesses } from './processes.ts'
import type { Reader } from './reader.ts'

/** Domains, and the QEMU processes of this instance, whether libvirt knows of them or not. */
export const machines: Reader = {
  kinds: ['machine', 'process'],
  async read(place) {
    const domains = await readDomains(place)
    if (!domains.ok) return domains
    return ok([...domainItems(domains.value), ...qemus(await readProcesses(), place.tag)])
  },
}

/** libvirt starts QEMU with `-name guest=<domain>,…`; our domains are `sirocco-<tag>-<machine>`. */
export function qemus(processes: readonly Process[], tag: string): Found[] {
  const prefix = `guest=sirocco-${tag}-`
  return processes.flatMap(({ pid, words }) => {
    const name = words.find((word, at) => words[at - 1] === '-name' && word.startsWith(prefix))
    const machine = name?.slice(prefix.length).split(',', 1)[0]
    return machine ? [{ kind: 'process', id: machine, facts: {}, where: `process ${pid}` }] : []
  })
}
