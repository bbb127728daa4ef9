import { spawn, spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { run } from '@sirocco/agent/programs/run.ts'

const programs = ['ceph-mon', 'ceph-osd', 'ceph-mgr', 'ceph', 'rbd', 'ceph-authtool', 'monmaptool', 'qemu-img']

/** Why no test can have a Ceph of its own here; null when it can. */
export function whyNoCeph(): string | null {
  const missing = programs.filter(
    name => !['/usr/sbin', '/usr/bin', '/sbin', '/bin'].some(folder => existsSync(join(folder, name))),
  )
  if (missing.length > 0) return `not installed: ${missing.join(', ')} (Debian: ceph-mon ceph-osd ceph-mgr ceph-common)`
  return / rbd\b/.test(spawnSync('qemu-img', ['--help'], { encoding: 'utf8' }).stdout)
    ? null
    : 'qemu-img knows no rbd (Debian: qemu-block-extra)'
}

/** A Ceph of the test's own: a monitor, a manager and one OSD on a plain file, with authentication. */
export interface TestCeph {
  readonly monitors: string[]
  readonly pool: string
  readonly user: string
  readonly key: string
  /** What a program of Ceph prints, asked as the admin. */
  ask(program: 'rbd' | 'ceph', args: readonly string[]): Promise<string>
  /** Nobody answers until `goOn`. */
  stop(): void
  goOn(): void
  close(): Promise<void>
}

/** Where it runs: its address, and the words of a command there. */
export interface CephPlace {
  readonly address: string
  readonly inside: (...words: string[]) => [string, ...string[]]
}
const onThisHost: CephPlace = { address: '127.0.0.1', inside: (first = '', ...rest) => [first, ...rest] }

const configuration = (dir: string, address: string, monitor: string) => `[global]
fsid = ${randomUUID()}
mon host = ${monitor}
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
auth allow insecure global id reclaim = false
osd pool default size = 1
osd pool default min size = 1
mon allow pool size one = true
osd crush chooseleaf type = 0
mon data = ${dir}/mon
osd data = ${dir}/osd
mgr data = ${dir}/mgr
run dir = ${dir}
log file = ${dir}/$name.log
admin socket = ${dir}/$name.asok
crash dir = ${dir}
keyring = ${dir}/keyring
public addr = ${address}
osd objectstore = bluestore
bluestore block size = 2147483648
bluestore block create = true
bluestore cache autotune = false
bluestore cache size = 67108864
mgr initial modules =
mgr tick period = 1
mgr stats period = 1
mon data avail crit = 1
mon data avail warn = 2
`

/** Takes about 10 s. */
export async function testCeph({ address, inside }: CephPlace = onThisHost): Promise<TestCeph> {
  const dir = await mkdtemp(join(tmpdir(), 'scph-'))
  const port = 20_000 + (process.pid % 20_000)
  const monitor = `${address}:${port}`
  const conf = join(dir, 'ceph.conf')
  const keyring = join(dir, 'keyring')
  const pids: number[] = []
  const must = async (program: string, args: readonly string[]): Promise<string> => {
    const [first, ...rest] = inside(program, ...args)
    const ran = await run(first, rest)
    if (ran.code !== 0) throw new Error(`${program} ${args.join(' ')}: ${ran.stderr}`)
    return ran.stdout
  }
  const daemon = (program: string, args: readonly string[]) => {
    // Ends with us, however we end.
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...inside(program, '-c', conf, '-f', ...args)], { stdio: 'ignore' })
    if (child.pid === undefined) throw new Error(`${program} does not start`)
    pids.push(child.pid)
  }
  const signal = (name: NodeJS.Signals) => {
    for (const pid of pids)
      try {
        process.kill(pid, name)
      } catch {
        // It ended by itself.
      }
  }
  const ask = (program: 'rbd' | 'ceph', args: readonly string[]) => must(program, ['--conf', conf, ...args])
  const close = async () => {
    signal('SIGKILL')
    await pause(100)
    await rm(dir, { recursive: true, force: true })
  }
  try {
    for (const name of ['mon', 'osd', 'mgr']) await mkdir(join(dir, name))
    await writeFile(conf, configuration(dir, address, monitor))
    await must('ceph-authtool', ['--create-keyring', keyring, '--gen-key', '-n', 'mon.', '--cap', 'mon', 'allow *'])
    const admin = ['mon', 'osd', 'mgr'].flatMap(what => ['--cap', what, 'allow *'])
    await must('ceph-authtool', [keyring, '--gen-key', '-n', 'client.admin', ...admin])
    const fsid = /fsid = (\S+)/.exec(await readFile(conf, 'utf8'))?.[1] ?? ''
    const map = join(dir, 'monmap')
    await must('monmaptool', ['--create', '--addv', 'a', `[v1:${monitor}]`, '--fsid', fsid, map])
    await must('ceph-mon', ['-c', conf, '--mkfs', '-i', 'a', '--monmap', map, '--keyring', keyring])
    daemon('ceph-mon', ['-i', 'a'])
    const mgr = join(dir, 'mgr', 'keyring')
    await ask('ceph', ['auth', 'get-or-create', 'mgr.x', 'mon', 'allow profile mgr', 'osd', 'allow *', '-o', mgr])
    daemon('ceph-mgr', ['-i', 'x', '--keyring', mgr])
    const osd = join(dir, 'osd', 'keyring')
    await ask('ceph', [
      'auth',
      'get-or-create',
      'osd.0',
      'mon',
      'allow profile osd',
      'osd',
      'allow *',
      'mgr',
      'allow profile osd',
      '-o',
      osd,
    ])
    const uuid = randomUUID()
    await ask('ceph', ['osd', 'new', uuid, '0'])
    await must('ceph-osd', ['-c', conf, '-i', '0', '--mkfs', '--osd-uuid', uuid, '--keyring', osd])
    daemon('ceph-osd', ['-i', '0', '--keyring', osd])
    await ask('ceph', ['osd', 'pool', 'create', 'cloud', '8', '8'])
    await ask('ceph', ['osd', 'pool', 'application', 'enable', 'cloud', 'rbd'])
    await ask('ceph', ['auth', 'get-or-create', 'client.cloud', 'mon', 'profile rbd', 'osd', 'profile rbd pool=cloud'])
    const key = (await ask('ceph', ['auth', 'get-key', 'client.cloud'])).trim()
    for (let look = 0; !/"max_avail":[1-9]/.test(await ask('ceph', ['df', '--format', 'json'])); look++) {
      if (look > 60) throw new Error('the OSD does not come up')
      await pause(500)
    }
    return {
      ...{ monitors: [monitor], pool: 'cloud', user: 'cloud', key, ask, close },
      stop: () => signal('SIGSTOP'),
      goOn: () => signal('SIGCONT'),
    }
  } catch (error) {
    await close()
    throw error
  }
}
