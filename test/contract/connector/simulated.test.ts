import { ForeignCloud } from '@sirocco/control/adapters/clouds/simulated/cloud.ts'
import { memoryOf, simulatedCloud } from '@sirocco/control/adapters/clouds/simulated/connector.ts'
import type { Connector, DesiredMachine, Observed } from '@sirocco/control/ports/connector.ts'
import { ids as idsOf } from '@sirocco/shared/kit/id.ts'
import { seeded } from '@sirocco/shared/kit/random.ts'
import { type ConnectorBench, describeConnector } from '../connector.ts'
import { must } from '../store/furnish.ts'

async function make(): Promise<ConnectorBench> {
  const cloud = new ForeignCloud()
  const memory = memoryOf()
  const ids = idsOf({ now: () => 1_800_000_000_000 }, seeded(1))
  const remote = (machine: DesiredMachine) => cloud.all().find(i => i.tags['sirocco:machine'] === machine.id)?.id ?? ''

  const facts = async (connector: Connector): Promise<readonly Observed[]> => {
    const all: Observed[] = []
    for (let cursor: string | null = null; ; ) {
      const page: { facts: readonly Observed[]; cursor: string; complete: boolean } = must(await connector.observe(cursor))
      all.push(...page.facts)
      cursor = page.cursor
      if (page.complete) return all
    }
  }
  return {
    connector: simulatedCloud(cloud, memory),
    restart: () => simulatedCloud(cloud, memory),
    launch: async () => ({ id: ids.make('machine'), generation: 1, power: 'on', host: null }),
    intend: async (machine, power) => ({ ...machine, power, generation: machine.generation + 1 }),
    settle: async () => {},
    seen: async connector =>
      new Map((await facts(connector)).flatMap(f => (f.kind === 'machine' ? [[f.id as string, f.found]] : []))),
    copies: async machine => cloud.all().filter(i => i.tags['sirocco:machine'] === machine.id).length,
    resets: async machine => cloud.resets.get(remote(machine)) ?? 0,
    outcome: async (command, connector) => {
      const fact = (await facts(connector)).find(f => f.kind === 'command' && f.id === command)
      return fact?.kind === 'command' ? fact.outcome.ok : null
    },
    foreign: {
      trouble: (...next) => cloud.trouble(...next),
      hide: listings => {
        cloud.hiddenFor = listings
      },
      expireCursors: () => cloud.expireMarkers(),
      meddle: (machine, state) => cloud.meddle(remote(machine), state),
      calls: () => [...cloud.calls.values()].reduce((sum, n) => sum + n, 0),
      without: simulatedCloud(cloud, memory, { reboot: false }),
    },
  }
}

describeConnector('simulated', make)
