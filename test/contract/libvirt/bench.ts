import { createHash } from 'node:crypto'
import { createReadStream, readFileSync } from 'node:fs'
import { rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { linuxBackups } from '@sirocco/agent/backups/linux.ts'
import { libvirtCompute } from '@sirocco/agent/drivers/libvirt/compute.ts'
import { domainName } from '@sirocco/agent/drivers/libvirt/identity.ts'
import { linuxNetworks } from '@sirocco/agent/network/networks.ts'
import { run } from '@sirocco/agent/programs/run.ts'
import { runConfined } from '@sirocco/agent/programs/sandbox.ts'
import { directoryStorage } from '@sirocco/agent/storage/directory.ts'
import { pooledVolumes } from '@sirocco/agent/storage/pools.ts'
import { cephConfiguration, imagesOf } from '@sirocco/agent/storage/rbd.ts'
import type { Timers } from '@sirocco/shared/kit/clock.ts'
import type { ImageFile, WantedMachine, WantedPool } from '@sirocco/shared/wire/objects.ts'
import { tinyCommandLine, tinyImage } from '../../../local/image/tiny.ts'
import { type PrivateLibvirtd, privateLibvirtd, type QemuUser } from '../../support/libvirtd.ts'
import type { DriverBench } from '../driver.ts'
import { ownRange } from './own.ts'

/** The small boot image, built once for all runs; or a folder that has it already. */
async function imagePaths(): Promise<Record<ImageFile['role'], string>> {
  const dir = process.env.SIROCCO_TEST_IMAGE
  if (dir) return { disk: join(dir, 'tiny.qcow2'), kernel: join(dir, 'vmlinuz'), initrd: join(dir, 'initrd.img') }
  const built = await tinyImage(join(tmpdir(), 'sirocco-test-images'))
  const pathOf = (role: ImageFile['role']) => built.find(file => file.role === role)?.path ?? ''
  return { disk: pathOf('disk'), kernel: pathOf('kernel'), initrd: pathOf('initrd') }
}

const realTime: Timers = {
  now: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms)
    return { cancel: () => clearTimeout(timer) }
  },
}

async function imageFile(role: ImageFile['role'], format: ImageFile['format'], path: string): Promise<ImageFile> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk)
  return { role, format, sha256: hash.digest('hex'), bytes: (await stat(path)).size }
}

async function must(program: string, args: readonly string[]): Promise<void> {
  const ran = await run(program, args)
  if (ran.code !== 0) throw new Error(`${program}: ${ran.stderr}`)
}

export interface LibvirtBench extends DriverBench {
  readonly libvirtd: PrivateLibvirtd
  readonly tag: string
}

/** One instance's ports over a libvirtd, networks and a storage folder of the test's own, and the small image booted directly. */
export async function libvirtBench(tag: string, user: QemuUser = 'root', pool?: WantedPool): Promise<LibvirtBench> {
  const instance = `contract-${tag}`
  const paths = await imagePaths()
  const files = [
    await imageFile('disk', 'qcow2', paths.disk),
    await imageFile('kernel', 'raw', paths.kernel),
    await imageFile('initrd', 'raw', paths.initrd),
  ]
  const libvirtd = await privateLibvirtd(user)
  const byContent = new Map(files.map(file => [file.sha256, paths[file.role]]))
  const image: WantedMachine['image'] = { id: 'img_tiny', files, cmdline: tinyCommandLine }
  const open = (as: string) =>
    libvirtCompute({
      socket: libvirtd.socket,
      uri: 'qemu:///system',
      instance: as,
      tag,
      logDir: join(libvirtd.dir, 'consoles', as),
      stateDir: libvirtd.stateDir,
      here: path => join(libvirtd.dir, path),
      qemuLogDir: join(libvirtd.dir, 'var/log/libvirt/qemu'),
      clock: realTime,
    })
  const compute = open(instance)
  const storage = join(libvirtd.dir, 'storage')
  const volumes = pooledVolumes({ dir: storage, host: 'hst_bench' })
  return {
    libvirtd,
    tag,
    compute,
    storage: directoryStorage({ dir: storage }),
    volumes,
    ...(pool ? { pool } : {}),
    backups: objects => linuxBackups({ dir: storage, run: runConfined, objects }),
    networks: linuxNetworks({ instance, tag, dir: join(libvirtd.dir, 'networks') }),
    image,
    guestAgent: readFileSync(join(import.meta.dirname, '../../support/guest-agent.sh')).toString('base64'),
    bytesOf: sha256 => createReadStream(byContent.get(sha256) ?? ''),
    cidr: `${ownRange(6)}.0/24`,
    reopen: async () => open(instance),
    stranger: async () => open(`${instance}-stranger`),
    async contentOf(path) {
      const raw = join(libvirtd.dir, 'raw')
      const inCeph = pool?.type === 'rbd' && path.startsWith('rbd:')
      const reach = inCeph && !path.includes(':conf=') ? `:id=${pool.user}:conf=${cephConfiguration(storage, pool.id)}` : ''
      await must('qemu-img', ['convert', '-U', '-f', inCeph ? 'raw' : 'qcow2', '-O', 'raw', `${path}${reach}`, raw])
      const hash = createHash('sha256')
      for await (const chunk of createReadStream(raw)) hash.update(chunk)
      await rm(raw)
      return hash.digest('hex')
    },
    async scribble(volume, at) {
      const found = await volumes.find({ id: volume, pool: { type: 'directory', id: 'spl_contract' } })
      const path = found.ok ? found.value?.source.path : undefined
      await must('qemu-io', ['-f', 'qcow2', '-c', `write -P ${(7 + at) % 251} ${at}M 5M`, path ?? ''])
    },
    async diskStamp(volume) {
      if (pool?.type !== 'rbd') return `${(await stat(join(storage, 'volumes', volume, '0.qcow2'))).ino}`
      const as = ['--conf', cephConfiguration(storage, pool.id), '--id', pool.user]
      const ran = await run('rbd', [...as, 'info', '--format', 'json', `${pool.path}/${imagesOf(pool)}${volume}`])
      return /"id":"(\w+)"/.exec(ran.stdout)?.[1] ?? ''
    },
    async crash(machine) {
      process.kill(await libvirtd.qemu(domainName(tag, machine)), 'SIGKILL')
    },
    async close() {
      await compute.close()
      await libvirtd.close()
    },
  }
}
