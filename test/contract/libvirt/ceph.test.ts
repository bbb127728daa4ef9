import type { WantedPool } from '@sirocco/shared/wire/objects.ts'
import { afterAll, test } from 'vitest'
import { type TestCeph, testCeph, whyNoCeph } from '../../support/ceph.ts'
import { whyNoLibvirtd } from '../../support/libvirtd.ts'
import { describeDriver } from '../driver.ts'
import { libvirtBench } from './bench.ts'
import { ownTag } from './own.ts'

const why = whyNoLibvirtd() ?? whyNoCeph()
if (why !== null) test.skip(`libvirt's QEMU driver with volumes in Ceph: ${why}`, () => undefined)
else {
  const made: { ceph: TestCeph | null } = { ceph: null }
  describeDriver(
    "libvirt's QEMU driver with volumes in Ceph",
    async () => {
      const ceph = await testCeph()
      made.ceph = ceph
      const { monitors, user, key } = ceph
      const pool = {
        type: 'rbd' as const,
        id: 'spl_01contract00000000ca',
        path: ceph.pool,
        monitors,
        user,
        key,
      } satisfies WantedPool
      return libvirtBench(ownTag(5), 'libvirt-qemu', pool)
    },
    { bootMs: 60_000, stopMs: 30_000, settleMs: 15_000 },
  )
  afterAll(() => made.ceph?.close())
}
