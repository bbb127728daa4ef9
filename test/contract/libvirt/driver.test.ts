import { test } from 'vitest'
import { whyNoLibvirtd } from '../../support/libvirtd.ts'
import { describeDriver } from '../driver.ts'
import { libvirtBench } from './bench.ts'
import { ownTag } from './own.ts'

const why = whyNoLibvirtd()
if (why !== null) test.skip(`libvirt's QEMU driver: ${why}`, () => undefined)
else describeDriver("libvirt's QEMU driver", () => libvirtBench(ownTag(0)), { bootMs: 60_000, stopMs: 30_000, settleMs: 15_000 })
