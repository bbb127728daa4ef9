import { privateCloud } from '@sirocco/control/adapters/clouds/private/connector.ts'
import type { Machine } from '@sirocco/control/domain/machines/machine.ts'
import type { DesiredMachine } from '@sirocco/control/ports/connector.ts'
import { launchMachines } from '@sirocco/control/services/machines/launch.ts'
import { assert } from '@sirocco/shared/kit/assert.ts'
import { world } from '../../support/world.ts'
import { type ConnectorBench, describeConnector } from '../connector.ts'
import { must } from '../store/furnish.ts'

/** Our own cloud: facts are pushed by agents and land as rows, so they are read there. */
async function make(): Promise<ConnectorBench> {
  const at = await world()
  const { store } = at.ports
  const [image] = must(await store.images.list(at.rows.scope, { after: null, limit: 1 })).items
  assert(image, 'an image')
  const sent = new Map<string, Set<string>>()
  // As an agent does: each command once by its id, however often it comes.
  const links = {
    ...at.ports.links,
    send: async (command: Parameters<typeof at.ports.links.send>[0]) => {
      assert('machine' in command.body, 'a command to a machine')
      const { machine } = command.body
      sent.set(machine, (sent.get(machine) ?? new Set()).add(command.id))
      return at.ports.links.send(command)
    },
  }
  const connect = () => privateCloud({ ...at.ports, links })
  const row = async (id: string): Promise<Machine> => {
    const [machine] = must(await store.machines.find('platform', [id]))
    assert(machine, 'a machine')
    return machine
  }
  const desired = ({ id, generation, power, host }: Machine): DesiredMachine => ({ id, generation, power, host })
  return {
    connector: connect(),
    restart: connect,
    async launch() {
      const launched = await launchMachines.call(
        { ports: at.ports, principal: at.principal },
        { image: image.id, flavor: 't3.nano' },
      )
      const [id] = must(launched).machines
      assert(id, 'one was launched')
      return desired(await row(id))
    },
    async intend({ id, host }, power) {
      const { version, generation } = await row(id)
      assert(host, 'it is placed')
      must(
        await store.commit([
          { do: 'machine.intent', machine: id, version, generation: generation + 1, power },
          { do: 'host.touch', host },
        ]),
      )
      return desired(await row(id))
    },
    settle: at.settle,
    async seen() {
      const { items } = must(await store.machines.list('platform', { after: null, limit: 100 }))
      return new Map(
        items.flatMap(({ id, observed }) =>
          observed ? [[id as string, { applied: observed.appliedGeneration, power: observed.power, addresses: [] }]] : [],
        ),
      )
    },
    async copies({ id, host }) {
      assert(host, 'it is placed')
      const wanted = must(await store.hosts.desired(host)).objects
      return wanted.filter(object => object.kind === 'machine' && object.id === id && object.power !== 'gone').length
    },
    resets: async ({ id }) => sent.get(id)?.size ?? 0,
    async outcome(command) {
      const found = must(await store.commands.outcome(command))
      return found?.outcome?.ok ?? null
    },
  }
}

describeConnector('private', make)
