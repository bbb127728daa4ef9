import { createHash } from 'node:crypto'
import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import type { Storage } from '../../ports/storage.ts'
import { diskPath, type SimulatedHost } from './host.ts'

/** The storage port over a simulated host: digests are checked for real, bytes are not kept. */
export function simulatedStorage(host: SimulatedHost, instance: string): Storage {
  const store = () => host.store(instance)
  return {
    async has(sha256) {
      return store().images[sha256] !== undefined
    },
    async keep({ sha256, bytes }, fetch) {
      const refused = host.refusal('storage.keep', sha256)
      if (refused) return refused
      if (store().images[sha256] !== undefined) return ok(undefined)
      const hash = createHash('sha256')
      let length = 0
      for await (const part of fetch) {
        hash.update(part)
        length += part.byteLength
        if (length > bytes) break
      }
      if (length !== bytes) return refuse('invalid', `the image has not the ${bytes} bytes that were promised`)
      if (hash.digest('hex') !== sha256) return refuse('invalid', 'the image has not the digest that was promised')
      store().images[sha256] = bytes
      host.saved()
      return ok(undefined)
    },
    async prepare(machine) {
      const refused = host.refusal('storage.prepare', machine.id)
      if (refused) return refused
      const missing = machine.image.files.find(file => store().images[file.sha256] === undefined)
      if (missing) return refuse('not_found', `the image's ${missing.role} is not here`)
      const used = Object.values(host.store(instance).disks).reduce((sum, disk) => sum + disk.mib, 0)
      const disks = store().disks
      if (!disks[machine.id]) {
        if (used + machine.diskMiB > host.diskMiB) return refuse('capacity', 'the pool is full')
        disks[machine.id] = { image: machine.image.id, mib: machine.diskMiB, made: host.timers.now() }
        host.saved()
      }
      const disk = diskPath(instance, machine.id)
      const has = (role: string) => machine.image.files.some(file => file.role === role)
      return ok({
        disk,
        seed: `${disk}.seed`,
        ...(machine.firmware === 'uefi' ? { nvram: `${disk}.nvram` } : {}),
        ...(has('kernel') ? { kernel: `${disk}.kernel` } : {}),
        ...(has('initrd') ? { initrd: `${disk}.initrd` } : {}),
      })
    },
    async remove(machine) {
      const refused = host.refusal('storage.remove', machine)
      if (refused) return refused
      delete store().disks[machine]
      host.saved()
      return ok(undefined)
    },
    async list() {
      return host.refusal('storage.list', null) ?? ok(Object.keys(store().disks))
    },
    async capacityMiB() {
      return host.diskMiB
    },
  }
}
