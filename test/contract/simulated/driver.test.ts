import { createHash } from 'node:crypto'
import { simulatedBackups } from '@sirocco/agent/backups/simulated.ts'
import { simulatedCompute } from '@sirocco/agent/drivers/simulated/compute.ts'
import { SimulatedHost } from '@sirocco/agent/drivers/simulated/host.ts'
import { simulatedNetworks } from '@sirocco/agent/drivers/simulated/networks.ts'
import { simulatedStorage } from '@sirocco/agent/drivers/simulated/storage.ts'
import { simulatedVolumes } from '@sirocco/agent/drivers/simulated/volumes.ts'
import type { Timers } from '@sirocco/shared/kit/clock.ts'
import type { WantedPool } from '@sirocco/shared/wire/objects.ts'
import { type DriverBench, describeDriver } from '../driver.ts'

const wall: Timers = {
  now: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms)
    return { cancel: () => clearTimeout(timer) }
  },
}

const content = new TextEncoder().encode('the disk of a simulated machine')
const sha256 = createHash('sha256').update(content).digest('hex')

async function make(pool?: WantedPool): Promise<DriverBench> {
  const host = new SimulatedHost({ timers: wall, name: 'sim-1', bootId: 'boot-1', bootMs: 30, stopMs: 10 })
  return {
    compute: simulatedCompute(host, 'one'),
    storage: simulatedStorage(host, 'one'),
    volumes: simulatedVolumes(host, 'one'),
    ...(pool ? { pool } : {}),
    networks: simulatedNetworks(host, 'one'),
    backups: simulatedBackups,
    image: { id: 'img_sim', files: [{ role: 'disk', format: 'raw', sha256, bytes: content.byteLength }] },
    bytesOf: async function* () {
      yield content
    },
    cidr: '10.99.1.0/24',
    reopen: async () => simulatedCompute(host, 'one'),
    stranger: async () => simulatedCompute(host, 'two'),
    contentOf: async path => {
      const { volumes, snapshots } = host.store('one')
      const [kind = '', of = ''] = path.split('/').slice(2)
      return `${(kind === 'snapshots' ? snapshots[of] : volumes[of])?.content}`
    },
    diskStamp: async volume => `${host.store('one').volumes[volume]?.made}`,
    crash: async machine => host.guestCrashes('one', machine),
    close: async () => host.close(),
  }
}

const limits = { bootMs: 2_000, stopMs: 2_000 }
describeDriver('simulated', make, limits)
const pool = { type: 'rbd', id: 'spl_01contract00000000ra', path: 'cloud', monitors: ['10.0.0.1'], user: 'cloud' } as const
describeDriver('simulated, with volumes in Ceph', () => make({ ...pool, monitors: [...pool.monitors] }), limits)
