import { ok, refuse } from '@sirocco/shared/kit/fault.ts'
import { MiB } from '@sirocco/shared/kit/units.ts'
import { isSharedPool } from '@sirocco/shared/model/volumes/states.ts'
import type { WantedVolume } from '@sirocco/shared/wire/objects.ts'
import type { Volumes } from '../../ports/volumes.ts'
import { type SimulatedHost, volumePath } from './host.ts'
import { sendVolumes, takeVolumes } from './parcel.ts'

/** The volumes port over a simulated host: sizes and what stands on what are kept, bytes are not. */
export function simulatedVolumes(host: SimulatedHost, instance: string): Volumes {
  const store = () => host.store(instance)
  const fits = (mib: number): boolean => {
    const { volumes, snapshots } = store()
    const used = [...Object.values(volumes), ...Object.values(snapshots)].reduce((sum, one) => sum + one.mib, 0)
    return used + mib <= host.diskMiB
  }
  const gone = 'the snapshot is not on this host any more'
  const full = refuse('capacity', 'the pool is full')

  /** A guest goes on above what was kept; in Ceph in the same image. */
  const above = ({ type }: WantedVolume['pool']): number => (type === 'rbd' ? 0 : 1)

  /** Of what it would stand on, where that is here. */
  function baseOf({ source, pool }: WantedVolume) {
    // Bytes are not kept here: what lies in a shared pool is as good as there.
    if (source.from === 'found' && isSharedPool(pool.type)) return ok('')
    if (source.from === 'found') return refuse('internal', 'the volume was found on its host, and is not there any more')
    // Of a backup: what it holds was brought here, and nothing is under it.
    if (source.from === 'nothing' || source.from === 'backup') return ok('')
    if (source.from === 'snapshot')
      return store().snapshots[source.snapshot]
        ? ok(source.snapshot)
        : refuse('unavailable', 'waiting for the snapshot that the volume is made from')
    const missing = source.files.find(file => store().images[file.sha256] === undefined)
    return missing ? refuse('precondition', 'the image is not on this host', { detail: missing.sha256 }) : ok(source.image)
  }

  /** The image file at the bottom of it; empty: none. */
  const contentOf = ({ source }: WantedVolume): string => {
    if (source.from === 'nothing' || source.from === 'backup' || source.from === 'found') return ''
    if (source.from === 'snapshot') return store().snapshots[source.snapshot]?.content ?? ''
    return source.files.find(({ role }) => role === 'disk')?.sha256 ?? ''
  }

  return {
    async keepOnly() {},
    async room(pool) {
      return host.refusal('volumes.room', pool.id) ?? ok({ totalMiB: host.diskMiB })
    },
    async find({ id }) {
      const refused = host.refusal('volumes.find', id)
      if (refused) return refused
      const volume = store().volumes[id]
      if (!volume) return ok(null)
      const path = volumePath(instance, id, volume.layer)
      return ok({ source: { type: 'file', format: 'qcow2', path }, sizeMiB: volume.mib, turn: volume.turn ?? 0 })
    },
    async make(volume) {
      const refused = host.refusal('volumes.make', volume.id)
      if (refused) return refused
      if (store().volumes[volume.id]) return ok(undefined)
      const base = baseOf(volume)
      if (!base.ok) return base
      if (!fits(volume.sizeMiB)) return full
      const content = contentOf(volume)
      store().volumes[volume.id] = { base: base.value, content, mib: volume.sizeMiB, made: host.timers.now(), layer: 0 }
      host.saved()
      return ok(undefined)
    },
    async grow({ id, sizeMiB }) {
      const refused = host.refusal('volumes.grow', id)
      if (refused) return refused
      const volume = store().volumes[id]
      if (!volume) return refuse('not_found', 'the volume is not on this host', { detail: id })
      if (!fits(Math.max(0, sizeMiB - volume.mib))) return full
      store().volumes[id] = { ...volume, mib: Math.max(volume.mib, sizeMiB) }
      host.saved()
      return ok(undefined)
    },
    async revert({ id, reverted, pool }) {
      const refused = host.refusal('volumes.revert', id)
      if (refused) return refused
      const volume = store().volumes[id]
      if (!volume) return refuse('not_found', 'the volume is not on this host', { detail: id })
      if (!reverted || (volume.turn ?? 0) >= reverted.turn) return ok(undefined)
      if (store().snapshots[reverted.snapshot]?.volume !== id) return refuse('not_found', gone)
      store().volumes[id] = { ...volume, layer: volume.layer + above(pool), turn: reverted.turn }
      host.saved()
      return ok(undefined)
    },
    async remove({ id }) {
      const refused = host.refusal('volumes.remove', id)
      if (refused) return refused
      delete store().volumes[id]
      host.saved()
      return ok(undefined)
    },
    send: (volumes, peer, { cancel }) =>
      sendVolumes(
        host,
        instance,
        volumes.map(({ id }) => id),
        peer,
        cancel,
      ),
    take: async volumes =>
      takeVolumes(
        host,
        instance,
        volumes.map(({ id }) => id),
      ),
    async bases() {
      const { volumes, snapshots, images } = store()
      // Of what is older than this word for it nobody knows what it stands on.
      if (Object.values(volumes).some(({ base, content }) => base !== '' && content === undefined)) return ok(Object.keys(images))
      return ok([...Object.values(volumes), ...Object.values(snapshots)].flatMap(({ content }) => content ?? []))
    },
    async list() {
      return host.refusal('volumes.list', null) ?? ok(Object.keys(store().volumes))
    },
    async hasSnapshot({ id }) {
      return host.refusal('volumes.hasSnapshot', id) ?? ok(store().snapshots[id] !== undefined)
    },
    async snapshot({ id, volume: of, pool }, open) {
      const refused = host.refusal('volumes.snapshot', id)
      if (refused) return refused
      const volume = store().volumes[of]
      if (!volume) return refuse('not_found', 'the volume is not on this host', { detail: of })
      if (store().snapshots[id]) return ok(undefined)
      const path = volumePath(instance, of, volume.layer + above(pool))
      const switched = open === null || open.path === path ? ok(undefined) : await open.switchTo(path)
      if (!switched.ok) return switched
      store().snapshots[id] = { volume: of, content: volume.content ?? '', mib: volume.mib, layer: volume.layer }
      store().volumes[of] = { ...volume, layer: volume.layer + above(pool) }
      host.saved()
      return ok(undefined)
    },
    async keepMoment(each, switchTo, whileStill) {
      const files: { volume: string; path: string }[] = []
      for (const { snapshot, open } of each) {
        const refused = host.refusal('volumes.snapshot', snapshot.id)
        if (refused) return refused
        const volume = store().volumes[snapshot.volume]
        if (!volume) return refuse('not_found', 'the volume is not on this host', { detail: snapshot.volume })
        const path = volumePath(instance, snapshot.volume, volume.layer + above(snapshot.pool))
        if (!store().snapshots[snapshot.id] && open !== null && open !== path) files.push({ volume: snapshot.volume, path })
      }
      const stands = each.some(({ snapshot: { pool } }) => pool.type === 'rbd')
        ? await whileStill(async () => ok(undefined))
        : ok(undefined)
      if (!stands.ok) return stands
      const switched = files.length === 0 ? ok(false) : await switchTo(files)
      if (!switched.ok) return switched
      for (const { snapshot } of each) {
        const volume = store().volumes[snapshot.volume]
        if (!volume || store().snapshots[snapshot.id]) continue
        store().snapshots[snapshot.id] = {
          volume: snapshot.volume,
          content: volume.content ?? '',
          mib: volume.mib,
          layer: volume.layer,
        }
        store().volumes[snapshot.volume] = { ...volume, layer: volume.layer + above(snapshot.pool) }
      }
      host.saved()
      return switched
    },
    async removeSnapshot({ id, pool }) {
      const refused = host.refusal('volumes.removeSnapshot', id)
      if (refused) return refused
      const snapshot = store().snapshots[id]
      const volume = store().volumes[snapshot?.volume ?? '']
      if (volume && snapshot?.layer !== undefined && pool.type !== 'rbd')
        volume.idle = [...(volume.idle ?? []), { snapshot: id, layer: snapshot.layer }]
      delete store().snapshots[id]
      host.saved()
      return ok(undefined)
    },
    async frozen({ id }) {
      const refused = host.refusal('volumes.frozen', id)
      if (refused) return refused
      const snapshot = store().snapshots[id]
      if (!snapshot) return refuse('not_found', 'the snapshot is not on this host', { detail: id })
      return ok({ path: `simulated:/${instance}/snapshots/${id}`, format: 'qcow2', virtualBytes: snapshot.mib * MiB })
    },
    async merges({ id }) {
      const refused = host.refusal('volumes.merges', id)
      if (refused) return refused
      const volume = store().volumes[id]
      // What others were made from stays as long as they do.
      const free = ({ snapshot }: { snapshot: string }) => !Object.values(store().volumes).some(({ base }) => base === snapshot)
      const due = volume?.idle?.find(free)
      if (!volume || !due) return ok(null)
      const kept = Object.values(store().snapshots).flatMap(one => (one.volume === id ? [one.layer ?? 0] : []))
      const above = [...kept, ...(volume.idle ?? []).map(({ layer }) => layer)].filter(layer => layer > due.layer)
      return ok({
        under: volumePath(instance, id, due.layer),
        over: volumePath(instance, id, Math.min(volume.layer, ...above)),
        volumes: [id],
        online: above.length > 0,
        committed: false,
      })
    },
    async merge({ under, over, online, volumes: [id = ''] }, { open, progress, cancel }) {
      const refused = host.refusal('volumes.merge', id)
      if (refused) return refused
      if (open && !online) throw new Error('impossible: merged under a guest that writes to it')
      const merged = open === null ? ok(undefined) : await open.merge({ under, over }, { progress, cancel })
      if (!merged.ok) return merged
      const volume = store().volumes[id]
      const left = volume?.idle?.filter(({ layer }) => under !== volumePath(instance, id, layer)) ?? []
      if (volume && left.length > 0) volume.idle = left
      else delete volume?.idle
      host.saved()
      return ok(undefined)
    },
    async still() {},
    async snapshots() {
      return host.refusal('volumes.snapshots', null) ?? ok(Object.keys(store().snapshots))
    },
  }
}
