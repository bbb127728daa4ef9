import { createHash } from 'node:crypto'
import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import { MiB } from '@sirocco/shared/kit/units.ts'
import type { Storage } from '../../ports/storage.ts'
import type { SimulatedHost } from './host.ts'

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
    async images() {
      return ok(Object.entries(store().images).map(([sha256, bytes]) => ({ sha256, bytes })))
    },
    async dropImage(sha256) {
      const refused = host.refusal('storage.dropImage', sha256)
      if (refused) return refused
      delete store().images[sha256]
      host.saved()
      return ok(undefined)
    },
    async room() {
      const { volumes, snapshots, images } = store()
      const mib = [...Object.values(volumes), ...Object.values(snapshots)].reduce((sum, one) => sum + one.mib, 0)
      const bytes = Object.values(images).reduce((sum, one) => sum + one, 0)
      const totalBytes = host.diskMiB * MiB
      return { totalBytes, freeBytes: host.short ? 0 : Math.max(0, totalBytes - mib * MiB - bytes) }
    },
    async prepare(machine) {
      const refused = host.refusal('storage.prepare', machine.id)
      if (refused) return refused
      const missing = machine.image.files.find(file => store().images[file.sha256] === undefined)
      if (missing) return refuse('not_found', `the image's ${missing.role} is not here`)
      const { homes } = store()
      if (!homes.includes(machine.id)) {
        homes.push(machine.id)
        host.saved()
      }
      const home = `simulated:/${instance}/machines/${machine.id}`
      const has = (role: string) => machine.image.files.some(file => file.role === role)
      return ok({
        seed: `${home}/seed`,
        ...(machine.firmware === 'uefi' ? { nvram: `${home}/nvram` } : {}),
        ...(has('kernel') ? { kernel: `${home}/kernel` } : {}),
        ...(has('initrd') ? { initrd: `${home}/initrd` } : {}),
      })
    },
    async remove(machine) {
      const refused = host.refusal('storage.remove', machine)
      if (refused) return refused
      store().homes = store().homes.filter(id => id !== machine)
      host.saved()
      return ok(undefined)
    },
    async list() {
      return host.refusal('storage.list', null) ?? ok([...store().homes])
    },
    async capacityMiB() {
      return host.diskMiB
    },
  }
}
