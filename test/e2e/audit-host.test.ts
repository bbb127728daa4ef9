import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { appendFile, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { type Box, openBox, whyNotReal } from '../support/box.ts'
import { Instance } from '../support/instance.ts'
import { kill as sigkill } from '../support/kill.ts'
import { until } from '../support/until.ts'
import { Fleet } from './fleet.ts'

const run = promisify(execFile)
const why = whyNotReal()

/** What is done to a host behind its agent's back, what audit-host says of it, and how it is undone. */
interface Plant {
  readonly sees: readonly string[]
  plant(): Promise<unknown>
  undo(): Promise<unknown>
}

describe.skipIf(why !== null)(`audit-host on a real host${why === null ? '' : ` (${why})`}`, () => {
  let box: Box
  let instance: Instance
  /** One that runs and one that is stopped. */
  let up = ''
  let off = ''
  let disks = ''
  /** What the stopped one boots from, and a snapshot of that. */
  let volume = ''
  let snapshot = ''
  let networks = ''
  let tag = ''
  let id = ''
  let bridge = ''
  let network = ''
  /** The subnet of a network that people made, which the stopped one is in, and the namespace of its gateway. */
  let apart = ''
  let space = ''
  let mac = ''
  let tap = ''
  const children: ChildProcess[] = []

  const words = (...command: string[]) => box.inside(...command)
  async function host(...command: string[]): Promise<string> {
    const [program, ...args] = words(...command)
    return (await run(program, args)).stdout
  }
  /** A process of the host whose command line is what counts. */
  function runs(...args: string[]): void {
    const [program, ...rest] = words(process.execPath, '-e', 'setTimeout(() => {}, 600_000)', '--', ...args)
    children.push(spawn(program, rest, { stdio: 'ignore', detached: true }))
  }
  async function ends(): Promise<void> {
    for (const child of children.splice(0)) if (child.pid) process.kill(-child.pid, 'SIGKILL')
  }
  const seen = async () => (await instance.audit(0)).map(found => `${found.what} ${found.kind} ${found.id}`).sort()
  const domain = (machine: string) => `sirocco-${tag}-${machine}`
  const xmlOf = (machine: string) => join(box.dir, `${machine}.xml`)
  const define = async (machine: string, xml: string) => {
    await writeFile(xmlOf(machine), xml)
    await host('virsh', '-q', 'define', xmlOf(machine))
  }
  const served = () => join(networks, bridge)
  const away = (path: string) => ({
    plant: () => rename(path, `${box.dir}/away`),
    undo: () => rename(`${box.dir}/away`, path),
  })

  beforeAll(async () => {
    box = await openBox()
    instance = await Instance.start({ box, name: 'audited' })
    const fleet = new Fleet(instance)
    await fleet.insist('create', 'up', null)
    up = await fleet.settled('create', 'up', null)
    const asked = { name: 'back', cidr: '10.0.0.0/16', subnets: [{ cidr: '10.0.1.0/24' }] }
    const Subnets = z.object({ subnets: z.array(z.object({ id: z.string() })) })
    apart = Subnets.parse((await instance.insist('POST', '/networks', asked, 'back')).body).subnets[0]?.id ?? ''
    const there = new Fleet(instance, { subnet: apart })
    await there.insist('create', 'off', null)
    off = await there.settled('create', 'off', null)
    await fleet.settled('cut', 'cut', off)
    const Had = z.object({ volumes: z.array(z.object({ id: z.string() })) })
    volume = Had.parse((await instance.ask('GET', `/machines/${off}`)).body).volumes[0]?.id ?? ''
    const made = await instance.insist('POST', '/snapshots', { volume }, 'frozen')
    snapshot = z.object({ snapshot: z.object({ id: z.string() }) }).parse(made.body).snapshot.id
    await until('the snapshot', async () => {
      const { body } = await instance.ask('GET', `/snapshots/${snapshot}`)
      return z.object({ state: z.string() }).parse(body).state === 'ready' ? true : null
    })
    ;({ tag, instance: id } = instance.agent)
    const root = join(box.dir, 'machine')
    disks = join(root, 'var/lib/sirocco', id)
    networks = join(root, 'run/sirocco', id, 'networks')
    const nics = z.object({ ports: z.array(z.object({ mac: z.string(), subnet: z.string() })) })
    const { body } = await instance.ask('GET', `/machines/${up}`)
    ;({ mac, subnet: network } = nics.parse(body).ports[0] ?? { mac, subnet: network })
    for (const name of await readdir(networks)) {
      const of = await readFile(join(networks, name, 'network'), 'utf8').catch(() => '')
      if (of.trim() === network) bridge = name
      if (of.trim() === apart) space = name.replace(/^sb/, 'sn')
    }
    tap = /<target dev='(st\w+)'/.exec(await host('virsh', 'dumpxml', domain(up)))?.[1] ?? ''
    // A bridge follows its ports' MTU until its own was changed once.
    const { mtu = 1_500 } =
      z.array(z.object({ mtu: z.number() })).parse(JSON.parse(await host('ip', '-j', 'link', 'show', bridge)))[0] ?? {}
    for (const value of [1_400, mtu]) await host('ip', 'link', 'set', bridge, 'mtu', String(value))
    // Nobody is to mend what is planted.
    await instance.stop()
    await instance.start(['--no-agent'])
    await until('an audit that finds nothing', async () => ((await seen()).length === 0 ? true : null))
  })
  afterAll(async () => {
    await ends()
    await instance?.dispose()
    await box?.close()
  })

  const image = async () => (await readdir(join(disks, 'images'))).find(name => /^[0-9a-f]{64}$/.test(name)) ?? ''
  const elements = (change: 'add' | 'delete', name: string) =>
    host('nft', change, 'element', 'inet', `sirocco_${tag}`, 'bridges', `{ "${name}" }`)
  const dnsmasq = async (conf: string) => {
    await host('dnsmasq', `--conf-file=${conf}`)
  }
  const kill = async (part: string) => {
    for (const one of box.processes().filter(found => found.words.some(word => word.includes(part)))) sigkill(one.pid)
    await until(`${part} to end`, async () =>
      box.processes().some(found => found.words.some(word => word.includes(part))) ? null : true,
    )
  }
  const inBox = (path: string) => path.slice(join(box.dir, 'machine').length)

  const losses: Readonly<Record<string, () => Plant | Promise<Plant>>> = {
    'a domain': async () => {
      const xml = await host('virsh', 'dumpxml', '--inactive', domain(off))
      return {
        sees: [`lost machine ${off}`],
        plant: () => host('virsh', '-q', 'undefine', domain(off)),
        undo: () => define(off, xml),
      }
    },
    'a volume': () => ({
      sees: [`lost volume ${volume}`, `lost snapshot ${snapshot}`],
      ...away(join(disks, 'volumes', volume)),
    }),
    'a snapshot': () => ({
      sees: [`lost snapshot ${snapshot}`],
      ...away(join(disks, 'volumes', volume, `${snapshot}.snapshot`)),
    }),
    'a seed': () => ({
      sees: [`lost seed ${off}`, `leaked file machines/${off}`],
      ...away(join(disks, 'machines', off, 'seed.iso')),
    }),
    'an image': async () => ({ sees: [`lost image ${await image()}`], ...away(join(disks, 'images', await image())) }),
    'rules of a network': () => ({
      sees: [`lost rules ${network}`],
      plant: () => elements('delete', bridge),
      undo: () => elements('add', bridge),
    }),
    'the DHCP of a network': () => ({
      sees: [`lost dhcp ${network}`],
      plant: () => kill(`${inBox(served())}/dnsmasq.conf`),
      undo: () => dnsmasq(`${inBox(served())}/dnsmasq.conf`),
    }),
    'a promised address': async () => {
      const file = join(served(), 'dhcp-hosts')
      const before = await readFile(file, 'utf8')
      return {
        sees: [`lost lease ${mac}`],
        plant: () =>
          writeFile(
            file,
            before
              .split('\n')
              .filter(line => !line.startsWith(mac))
              .join('\n'),
          ),
        undo: () => writeFile(file, before),
      }
    },
    'a plug': () => ({
      sees: [`differs tap ${mac}`],
      plant: () => host('ip', 'link', 'set', tap, 'nomaster'),
      undo: () => host('ip', 'link', 'set', tap, 'master', bridge),
    }),
  }

  const gatewayLosses: typeof losses = {
    'a gateway’s address': () => ({
      sees: [`differs gateway ${apart}`],
      plant: () => host('ip', '-n', space, 'link', 'set', 'lan', 'down'),
      undo: () => host('ip', '-n', space, 'link', 'set', 'lan', 'up'),
    }),
    'a gateway’s way out': async () => {
      const shown = await host('ip', '-n', space, '-4', 'route', 'show', 'default')
      return {
        sees: [`differs gateway ${apart}`],
        plant: () => host('ip', '-n', space, 'route', 'del', 'default'),
        undo: () => host('ip', '-n', space, 'route', 'add', ...shown.trim().split(/\s+/)),
      }
    },
    'the DNS that gateways ask': () => ({
      sees: ['lost dhcp resolver'],
      plant: () => kill('/resolver/dnsmasq.conf'),
      undo: () => dnsmasq(`${inBox(networks)}/resolver/dnsmasq.conf`),
    }),
  }

  const leaks: Readonly<Record<string, () => Plant | Promise<Plant>>> = {
    'a domain': () => ({
      sees: ['leaked machine vm_x'],
      plant: () =>
        define(
          'vm_x',
          `<domain type='qemu'><name>${domain('vm_x')}</name><metadata><sirocco:machine xmlns:sirocco='https://sirocco.dev/xmlns/1' instance='${id}' id='vm_x' shape='s'/></metadata><memory unit='MiB'>64</memory><os><type arch='x86_64'>hvm</type></os></domain>`,
        ),
      undo: () => host('virsh', '-q', 'undefine', domain('vm_x')),
    }),
    'a QEMU': () => ({
      sees: ['leaked process vm_x'],
      plant: async () => runs('-name', `guest=${domain('vm_x')},debug-threads=on`),
      undo: ends,
    }),
    'a volume': () => ({
      sees: ['leaked volume vol_x'],
      plant: async () => {
        await mkdir(join(disks, 'volumes/vol_x'))
        await run('qemu-img', ['create', '-q', '-f', 'qcow2', join(disks, 'volumes/vol_x/0.qcow2'), '1M'])
      },
      undo: () => rm(join(disks, 'volumes/vol_x'), { recursive: true }),
    }),
    'a snapshot': () => ({
      sees: ['leaked snapshot snp_x'],
      plant: () => writeFile(join(disks, 'volumes', volume, 'snp_x.snapshot'), '0\n'),
      undo: () => rm(join(disks, 'volumes', volume, 'snp_x.snapshot')),
    }),
    'what a removed volume leaves': () => ({
      sees: ['leaked file volumes/vol_x/0.qcow2'],
      plant: async () => {
        await mkdir(join(disks, 'volumes/vol_x'))
        await writeFile(join(disks, 'volumes/vol_x/gone'), '')
        await run('qemu-img', ['create', '-q', '-f', 'qcow2', join(disks, 'volumes/vol_x/0.qcow2'), '1M'])
      },
      undo: () => rm(join(disks, 'volumes/vol_x'), { recursive: true }),
    }),
    'half an image': () => ({
      sees: [`leaked file images/${'0'.repeat(64)}.making`],
      plant: () => writeFile(join(disks, `images/${'0'.repeat(64)}.making`), ''),
      undo: () => rm(join(disks, `images/${'0'.repeat(64)}.making`)),
    }),
    'the log of a console': () => ({
      sees: ['leaked console vm_x'],
      plant: () => writeFile(join(disks, 'consoles/vm_x.log'), ''),
      undo: () => rm(join(disks, 'consoles/vm_x.log')),
    }),
    'a gateway': () => ({
      sees: [`leaked link sn${tag}x`],
      plant: () => host('ip', 'netns', 'add', `sn${tag}x`),
      undo: () => host('ip', 'netns', 'del', `sn${tag}x`),
    }),
    'a gateway’s link': () => ({
      sees: [`leaked link se${tag}x`, `leaked link sv${tag}x`],
      plant: () => host('ip', 'link', 'add', `sv${tag}x`, 'type', 'veth', 'peer', 'name', `se${tag}x`),
      undo: () => host('ip', 'link', 'del', `sv${tag}x`),
    }),
    'a bridge': () => ({
      sees: ['leaked bridge sub_x'],
      plant: async () => {
        await host('ip', 'link', 'add', `sb${tag}x`, 'type', 'bridge')
        await host('ip', 'link', 'set', `sb${tag}x`, 'alias', `sirocco:${id}:sub_x`)
      },
      undo: () => host('ip', 'link', 'del', `sb${tag}x`),
    }),
    'a tap': () => ({
      sees: [`leaked link st${tag}x`],
      plant: () => host('ip', 'tuntap', 'add', `st${tag}x`, 'mode', 'tap'),
      undo: () => host('ip', 'tuntap', 'del', `st${tag}x`, 'mode', 'tap'),
    }),
    'a rule': () => ({
      sees: [`leaked rules sb${tag}x`],
      plant: () => elements('add', `sb${tag}x`),
      undo: () => elements('delete', `sb${tag}x`),
    }),
    'a DHCP server': () => {
      const dir = join(networks, `sb${tag}x`)
      return {
        sees: ['leaked dhcp sub_x', 'leaked settings sub_x'],
        plant: async () => {
          await mkdir(dir)
          await writeFile(join(dir, 'network'), 'sub_x')
          await writeFile(join(dir, 'dnsmasq.conf'), `port=0\npid-file=${inBox(dir)}/pid\n`)
          await dnsmasq(`${inBox(dir)}/dnsmasq.conf`)
        },
        undo: async () => {
          await kill(`${inBox(dir)}/dnsmasq.conf`)
          await rm(dir, { recursive: true })
        },
      }
    },
    'a promised address': async () => {
      const file = join(served(), 'dhcp-hosts')
      const before = await readFile(file, 'utf8')
      return {
        sees: ['leaked lease 02:00:00:00:00:99'],
        plant: () => appendFile(file, '02:00:00:00:00:99,10.64.0.99,x,infinite\n'),
        undo: () => writeFile(file, before),
      }
    },
  }

  test.each(Object.keys(losses))('sees the loss of %s', name => sees(losses[name]))
  test.each(Object.keys(gatewayLosses))('sees the loss of %s', name => sees(gatewayLosses[name]))
  test.each(Object.keys(leaks))('sees that %s is left behind', name => sees(leaks[name]))

  async function sees(make: (() => Plant | Promise<Plant>) | undefined): Promise<void> {
    if (!make) throw new Error('no such plant')
    const plant = await make()
    await plant.plant()
    try {
      expect(await seen()).toEqual([...plant.sees].sort())
    } finally {
      await plant.undo()
    }
    expect(await seen()).toEqual([])
  }

  test('sees that a guest runs twice', async () => {
    runs('-name', `guest=${domain(up)},debug-threads=on`)
    expect(await seen()).toEqual([`doubled process ${up}`])
    await ends()
  })

  test('sees that a guest has died, with its tap', async () => {
    await kill(`guest=${domain(up)}`)
    await until('libvirt to notice', async () =>
      (await host('virsh', 'domstate', domain(up))).includes('shut off') ? true : null,
    )
    expect(await seen()).toEqual([`differs machine ${up}`, `lost process ${up}`, `lost tap ${mac}`])
  })
})
