import { execFileSync } from 'node:child_process'
import { lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { Instance } from '../support/instance.ts'
import { besideLibvirt, type MakeDisk } from './beside-libvirt.ts'
import { anyImage, ec2Client } from './ec2.ts'
import { type Figure, figure } from './figure.ts'

const runs = 10
/** Of `st_blocks` (stat(2)). */
const blockBytes = 512

const Disk = z.object({ 'full-backing-filename': z.string(), 'backing-filename-format': z.string(), 'virtual-size': z.int() })

/** What a folder takes on disk. */
function bytesOf(path: string): number {
  const stat = lstatSync(path)
  const below = stat.isDirectory() ? readdirSync(path).map(name => bytesOf(join(path, name))) : []
  return below.reduce((sum, bytes) => sum + bytes, stat.blocks * blockBytes)
}

/** As a person would do it: an overlay of the image that is there, of the same size. */
const overlay: MakeDisk = (disk, to) => {
  const found = Disk.parse(JSON.parse(execFileSync('qemu-img', ['info', '-U', '--output=json', disk]).toString()))
  const backing = ['-b', found['full-backing-filename'], '-F', found['backing-filename-format']]
  execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', ...backing, to, String(found['virtual-size'])])
}

/**
 * A launch of an image that its host has: accepted → running beside libvirt alone, which is given an overlay of the same image and the same
 * XML; and what the host's disk takes for the first launch of the image, and for a later one.
 */
export async function cache(): Promise<Figure[]> {
  const instance = await Instance.start()
  const beside = await besideLibvirt(instance)
  try {
    const ec2 = ec2Client(instance.ready.ec2)
    const image = await anyImage(ec2)
    const cached: number[] = []
    const alone: number[] = []
    const copied: number[] = []
    let first = { took: 0, bytes: 0 }
    for (let i = 0; i <= runs; i++) {
      const before = bytesOf(instance.agent.storage)
      let bytes = 0
      const untimed = () => {
        bytes = bytesOf(instance.agent.storage) - before
      }
      const { took, baseline } = await beside.once(ec2, image, { untimed, timed: overlay })
      if (i === 0) first = { took, bytes }
      else {
        cached.push(took)
        alone.push(baseline)
        copied.push(bytes)
      }
    }
    return [
      figure('cache-first', 'ms', [first.took]),
      figure('cache-second', 'ms', cached, alone),
      figure('cache-first-copied', 'bytes', [first.bytes]),
      figure('cache-second-copied', 'bytes', copied, [first.bytes]),
    ]
  } finally {
    beside.close()
    await instance.dispose()
  }
}
