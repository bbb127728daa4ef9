import { execFile, spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { libvirtCompute } from '@sirocco/agent/drivers/libvirt/compute.ts'
import { domainName } from '@sirocco/agent/drivers/libvirt/identity.ts'
import type { Definition } from '@sirocco/agent/ports/compute.ts'
import { directoryStorage } from '@sirocco/agent/storage/directory.ts'
import { directoryVolumes } from '@sirocco/agent/storage/directory-volumes.ts'
import { tlsUnderlay } from '@sirocco/agent/underlay/tls.ts'
import type { Timers } from '@sirocco/shared/kit/clock.ts'
import type { Result } from '@sirocco/shared/kit/fault.ts'
import type { WantedMachine, WantedVolume } from '@sirocco/shared/wire/objects.ts'
import { tinyCommandLine, tinyImage } from '../../local/image/tiny.ts'
import { openSite, type SiteHost } from '../support/site.ts'
import { type Figure, figure } from './figure.ts'

const run = promisify(execFile)
const runs = 5
const [instance, tag, id, bridge, address] = ['bench', 'bnc', 'vm_bench', 'sbbnc', '10.77.0.9'] as const

const timers: Timers = {
  now: () => Date.now(),
  after(ms, then) {
    const timer = setTimeout(then, ms)
    return { cancel: () => clearTimeout(timer) }
  },
}
const granted = <T>(result: Result<T>): T => {
  if (!result.ok) throw new Error(`${result.fault.message} ${result.fault.detail ?? ''}`)
  return result.value
}

/** One host's driver, storage and end of the underlay, as its agent has them. */
async function sideOf(host: SiteHost, dir: string) {
  const home = join(dir, `home-${host.name}`)
  await mkdir(home, { mode: 0o711 })
  const inside = (...words: string[]) => {
    const [enter, ...rest] = host.inside(...words)
    return run(enter, rest)
  }
  await inside('ip', 'link', 'add', bridge, 'address', '02:5b:00:00:00:01', 'type', 'bridge')
  await inside('ip', 'address', 'add', '10.77.0.1/24', 'dev', bridge)
  await inside('ip', 'link', 'set', bridge, 'up')
  const compute = libvirtCompute({
    socket: host.libvirt,
    uri: 'qemu:///system',
    instance,
    tag,
    logDir: join(home, 'consoles'),
    qemuLogDir: join(host.root, 'var/log/libvirt/qemu'),
    stateDir: join(host.root, 'run/libvirt/qemu'),
    moveDir: join(home, 'moves'),
    clock: timers,
  })
  return {
    host,
    compute,
    storage: directoryStorage({ dir: join(home, 'storage') }),
    volumes: directoryVolumes({ dir: join(home, 'storage') }),
    underlay: tlsUnderlay({ address: '127.0.0.1', port: 0, dir: join(home, 'moves') }),
  }
}
type Side = Awaited<ReturnType<typeof sideOf>>

/** When knocks at the guest were answered, as seen from one host. */
function probe(host: SiteHost): { answered: number[]; end(): void } {
  const [enter, ...words] = host.inside(process.execPath, join(import.meta.dirname, 'probe.ts'), address)
  const child = spawn(enter, words, { stdio: ['ignore', 'pipe', 'ignore'] })
  const answered: number[] = []
  let rest = ''
  child.stdout.on('data', chunk => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    answered.push(...lines.map(Number))
  })
  return { answered, end: () => child.kill() }
}

/** Milliseconds between the last answer on the one host and the first on the other, around one move. */
async function silence(from: Side, to: Side, move: () => Promise<void>): Promise<number> {
  const [before, after] = [probe(from.host), probe(to.host)]
  await pause(1_500)
  await move()
  await pause(2_000)
  for (const one of [before, after]) one.end()
  const last = before.answered.at(-1)
  const first = after.answered.find(at => last !== undefined && at > last - 1_000)
  if (last === undefined || first === undefined) throw new Error('the guest was not heard on both hosts')
  return Math.max(0, first - last)
}

/** How long a guest is not heard while it moves live to another host with its disk, beside `virsh migrate` of the same guest. Aim: no longer. */
export async function migrate(): Promise<Figure[]> {
  const site = await openSite(2)
  const sides: Side[] = []
  try {
    for (const host of site.hosts) sides.push(await sideOf(host, site.dir))
    const [one, two] = sides
    if (!one || !two) throw new Error('two hosts are needed')
    const built = await tinyImage(join(tmpdir(), 'sirocco-test-images'))
    const files = await Promise.all(
      built.map(async ({ role, format, path }) => {
        const hash = createHash('sha256')
        for await (const chunk of createReadStream(path)) hash.update(chunk)
        return { role, format, sha256: hash.digest('hex'), bytes: (await stat(path)).size }
      }),
    )
    const script = `#!/bin/sh\nip addr add ${address}/24 dev eth0\nip link set eth0 up\nip route add default via 10.77.0.1\n`
    const machine: WantedMachine = {
      kind: 'machine',
      id,
      generation: 1,
      power: 'on',
      name: 'bench',
      vcpus: 1,
      memoryMiB: 128,
      image: { id: 'img_tiny', files, cmdline: tinyCommandLine },
      ports: [{ id: 'prt_bench', network: 'net_bench', mac: '52:54:00:77:00:09', address }],
      seed: { instanceId: 'i-bench', keys: [], userData: Buffer.from(script).toString('base64') },
    }
    const plugs = [{ mac: '52:54:00:77:00:09', bridge, tap: 'stbncbench', mtu: 1_500 }]
    const root: WantedVolume = {
      kind: 'volume',
      id: 'vol_bench',
      generation: 1,
      pool: { type: 'directory', id: 'spl_bench' },
      sizeMiB: 512,
      source: { from: 'image', image: 'img_tiny', files: files.filter(({ role }) => role === 'disk') },
      attached: { machine: id, device: 'vda', boot: true, readOnly: false },
      gone: false,
    }
    const prepare = async ({ storage, volumes }: Side): Promise<Definition> => {
      for (const file of files)
        granted(await storage.keep(file, createReadStream(built.find(({ role }) => role === file.role)?.path ?? '')))
      granted(await volumes.make(root))
      const found = granted(await volumes.find(root))
      if (!found) throw new Error('the volume was made, and is not there')
      return {
        machine,
        plugs,
        files: granted(await storage.prepare(machine)),
        disks: [{ volume: root.id, device: 'vda', source: found.source, boot: true, readOnly: false }],
      }
    }
    granted(await one.compute.define(await prepare(one)))
    granted(await one.compute.start(id))
    const up = probe(one.host)
    for (const end = Date.now() + 120_000; up.answered.length === 0; await pause(200))
      if (Date.now() > end) throw new Error('the guest does not come up')
    up.end()

    let n = 0
    const ours = async (from: Side, to: Side) => {
      const move = { id: `mig_${++n}`, secret: randomBytes(32).toString('base64') }
      const definition = await prepare(to)
      const arrival = granted(await to.compute.arrive(definition))
      const open = granted(await to.underlay.receive(move, arrival))
      const peer = from.underlay.peer(move, open.endpoint)
      const left = await from.compute.leave(id, peer, { progress: () => {}, cancel: new AbortController().signal, shared: [] })
      await peer.close()
      open.close()
      await arrival.close()
      if (left.kind !== 'left') throw new Error(`it did not move: ${left.fault.message} ${left.fault.detail ?? ''}`)
      granted(await to.compute.adopt(definition))
    }
    const virsh = async (from: Side, to: Side) => {
      const at = ({ host }: Side) => `qemu+unix:///system?socket=${host.libvirt}`
      // The same definition, with the other host's own paths.
      const { stdout } = await run('virsh', ['-c', at(from), 'dumpxml', '--migratable', domainName(tag, id)])
      const xml = stdout.replaceAll(`home-${from.host.name}`, `home-${to.host.name}`)
      const file = join(site.dir, 'virsh.xml')
      await writeFile(file, xml)
      await prepare(to)
      const flags = ['--live', '--persistent', '--copy-storage-inc', '--migrate-disks', 'vda', '--unsafe', '--auto-converge']
      const uris = ['--migrateuri', `tcp://${to.host.address}`, '--disks-uri', `tcp://${to.host.address}:49800`]
      await run('virsh', [
        '-c',
        at(from),
        'migrate',
        domainName(tag, id),
        at(to),
        ...flags,
        ...uris,
        '--xml',
        file,
        '--persistent-xml',
        file,
      ])
    }
    /** What the move left behind is removed, so that the next one comes to an empty host. */
    const clear = async ({ compute, storage, volumes }: Side) => {
      granted(await compute.undefine(id))
      granted(await volumes.remove(root))
      granted(await storage.remove(id))
    }
    const [values, baselines]: [number[], number[]] = [[], []]
    let [from, to] = [one, two]
    for (let i = 0; i < runs; i++)
      for (const [by, measured] of [
        [ours, values],
        [virsh, baselines],
      ] as const) {
        measured.push(await silence(from, to, () => by(from, to)))
        await clear(from)
        ;[from, to] = [to, from]
      }
    return [figure('migrate', 'ms', values, baselines)]
  } finally {
    for (const { compute } of sides) await compute.close()
    await site.close()
  }
}
