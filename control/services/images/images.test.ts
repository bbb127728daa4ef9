import { limits } from '@sirocco/shared/model/limits.ts'
import { beforeEach, describe, expect, test } from 'vitest'
import { must } from '../../../test/contract/store/furnish.ts'
import { type World, world } from '../../../test/support/world.ts'
import type { Principal } from '../../domain/access/principal.ts'
import { uploadedParts } from '../../ports/blobs.ts'
import { images as reclaim } from '../../reconcile/images.ts'
import { deleteMachines } from '../machines/delete.ts'
import { launchMachines } from '../machines/launch.ts'
import { cancelOperation } from '../operations/cancel.ts'
import type { Call } from '../verb.ts'
import { createVolume } from '../volumes/create.ts'
import { deleteVolumes } from '../volumes/delete.ts'
import { captureImage } from './capture.ts'
import { deleteImage } from './delete.ts'
import { deprecateImage } from './deprecate.ts'
import { importImage } from './import.ts'
import { listImages } from './list.ts'
import { shareImage } from './share.ts'
import { uploadImage } from './upload.ts'
import { finishUpload, lookAtUpload, putUploadPart } from './upload-parts.ts'

let at: World
let call: Call
let other: Call
const url = 'https://images.example/disk.qcow2?signature=secret'
beforeEach(async () => {
  at = await world()
  call = { ports: at.ports, principal: at.principal }
  const stranger: Principal = { ...at.principal, project: 'prj_other', projectName: 'other', role: 'owner' }
  await at.database.execute("INSERT INTO project (id, name, account, createdAt) VALUES ('prj_other', 'other', '999999999999', 0)")
  other = { ports: at.ports, principal: stranger }
})
const names = async (by: Call) => must(await listImages.call(by, {})).items.map(image => image.name)
const look = async (image: string) => must(await at.ports.store.images.many([image]))[0]
const part = (image: string, n: number, text: string, sha256: string | null = null) =>
  putUploadPart.call(call, { image, part: n, bytes: text.length, sha256, body: new Blob([text]).stream() })

test('an address becomes an image: chosen, made, and ready for machines with its size', async () => {
  const { image } = must(await importImage.call(call, { name: 'mine', url }))
  expect(await look(image)).toMatchObject({
    state: 'importing',
    visibility: 'private',
    origin: 'https://images.example/disk.qcow2',
  })
  expect(await launchMachines.call(call, { image, flavor: 't3.micro' })).toMatchObject({ fault: { code: 'precondition' } })
  await at.settle()
  expect(await look(image)).toMatchObject({
    state: 'ready',
    minDiskMiB: 64,
    import: { host: null },
    files: [{ format: 'qcow2' }],
  })
  expect(must(await launchMachines.call(call, { image, flavor: 't3.micro' })).machines).toHaveLength(1)
  await at.settle()
})

test('what cannot be made fails, and says why', async () => {
  at.failImports({ code: 'invalid', message: 'the image is encrypted' })
  const { image } = must(await importImage.call(call, { name: 'mine', url }))
  await at.settle()
  expect(await look(image)).toMatchObject({
    state: 'failed',
    failure: { message: 'the image is encrypted' },
    import: { host: null },
  })
  expect(await launchMachines.call(call, { image, flavor: 't3.micro' })).toMatchObject({
    fault: { message: expect.stringContaining('encrypted') },
  })
})

test.each([
  [{ url: 'ftp://x.example/disk' }, 'https://'],
  [{ url: 'https://me:secret@x.example/disk' }, 'password'],
  [{ url: 'http://x.example/disk' }, 'checksum'],
  [{ url, checksum: 'md5:1' }, 'sha256'],
  [{ catalogue: 'windows-95' }, 'no windows-95'],
  [{ catalogue: 'debian-13', url }, 'leave yours out'],
  [{}, 'where the image lies'],
])('an import of %j is refused in plain words', async (how, words) => {
  expect(await importImage.call(call, { name: 'x', ...how })).toMatchObject({
    fault: { message: expect.stringContaining(words) },
  })
})

describe('an upload', () => {
  const bytes = limits.uploadPart + 5
  const first = 'x'.repeat(limits.uploadPart)

  test('comes in parts, goes on where it stopped, and leaves no part behind', async () => {
    const { image } = must(await uploadImage.call(call, { name: 'mine', bytes }))
    must(await part(image, 2, 'rest!'))
    expect(must(await lookAtUpload.call(call, { image }))).toMatchObject({ parts: 2, here: [2] })
    expect(await finishUpload.call(call, { image })).toMatchObject({ fault: { code: 'precondition' } })
    expect(await part(image, 1, 'too short')).toMatchObject({ fault: { code: 'invalid' } })
    expect(await part(image, 3, 'x')).toMatchObject({ fault: { code: 'invalid' } })
    expect(await part(image, 1, first, 'a'.repeat(64))).toMatchObject({ fault: { code: 'invalid' } })
    must(await part(image, 1, first))
    must(await finishUpload.call(call, { image }))
    await at.settle()
    expect(await look(image)).toMatchObject({ state: 'ready' })
    expect(must(await at.blobs.list(uploadedParts(image)))).toEqual([])
    expect(await part(image, 1, first)).toMatchObject({ fault: { code: 'precondition' } })
  })

  test('of another project is not found; one that nobody ends is dropped', async () => {
    const { image } = must(await uploadImage.call(call, { name: 'mine', bytes }))
    must(await part(image, 1, first))
    expect(await lookAtUpload.call(other, { image })).toMatchObject({ fault: { code: 'not_found' } })
    at.rows.clock.at += limits.uploadWithin + 1
    must(await reclaim.run(at.ports))
    at.rows.clock.at += limits.imageLinger + 1
    must(await reclaim.run(at.ports))
    expect(at.database.look('SELECT id FROM image WHERE id = ?', image)).toEqual([])
    expect(must(await at.blobs.list(uploadedParts(image)))).toEqual([])
  })

  test('larger than allowed is refused before a byte', async () => {
    expect(await uploadImage.call(call, { name: 'x', bytes: limits.imageBytes + 1 })).toMatchObject({
      fault: { code: 'invalid' },
    })
  })
})

test('sharing: private, then one project, then nobody again; the other may use it and not change it', async () => {
  const { image } = must(await importImage.call(call, { name: 'mine', url }))
  await at.settle()
  expect(await names(other)).toEqual(['tiny'])
  must(await shareImage.call(call, { image, visibility: 'project', projects: ['999999999999'] }))
  expect(await names(other)).toEqual(['tiny', 'mine'])
  expect(await deleteImage.call(other, { image })).toMatchObject({ fault: { code: 'forbidden' } })
  expect(await shareImage.call(other, { image, visibility: 'private' })).toMatchObject({ fault: { code: 'forbidden' } })
  must(await shareImage.call(call, { image, visibility: 'private' }))
  expect(await names(other)).toEqual(['tiny'])
  must(await shareImage.call(call, { image, visibility: 'public' }))
  expect(await names(other)).toEqual(['tiny', 'mine'])
  expect(await shareImage.call(call, { image, visibility: 'project', projects: ['nobody'] })).toMatchObject({
    fault: { code: 'not_found' },
  })
})

test('a deprecated image says so and can still be launched', async () => {
  const { image } = must(await importImage.call(call, { name: 'mine', url }))
  await at.settle()
  must(await deprecateImage.call(call, { image, deprecated: true }))
  expect((await look(image))?.deprecatedAt).not.toBeNull()
  must(await launchMachines.call(call, { image, flavor: 't3.micro' }))
  await at.settle()
})

test('delete while in use: gone for everybody at once, its bytes when the last machine is forgotten', async () => {
  const { image } = must(await importImage.call(call, { name: 'mine', url }))
  await at.settle()
  const { machines } = must(await launchMachines.call(call, { image, flavor: 't3.micro' }))
  await at.settle()
  must(await deleteImage.call(call, { image }))
  await at.settle()
  expect(await names(call)).toEqual(['tiny'])
  expect(await launchMachines.call(call, { image, flavor: 't3.micro' })).toMatchObject({ fault: { code: 'not_found' } })
  at.rows.clock.at += limits.imageLinger + 1
  must(await reclaim.run(at.ports))
  expect(at.blobs.all.size).toBe(1)
  must(await deleteMachines.call(call, { machines: [...machines] }))
  await at.settle()
  at.rows.clock.at += limits.goneVisible + 1
  must(await at.ports.store.expire())
  must(await reclaim.run(at.ports))
  expect(at.blobs.all.size).toBe(0)
  expect(at.database.look('SELECT id FROM image WHERE id = ?', image)).toEqual([])
})

test('a volume made of it, and a copy of that volume, keep its bytes after the machine', async () => {
  const { image } = must(await importImage.call(call, { name: 'mine', url }))
  await at.settle()
  const { machines } = must(await launchMachines.call(call, { image, flavor: 't3.micro' }))
  await at.settle()
  const [machine] = must(await at.ports.store.machines.find('platform', machines))
  const root = machine?.volumes[0]?.id ?? ''
  const { volume: copy } = must(await createVolume.call(call, { volume: root }))
  await at.settle()
  must(await deleteMachines.call(call, { machines: [...machines] }))
  must(await deleteImage.call(call, { image }))
  await at.settle()
  at.rows.clock.at += limits.goneVisible + limits.imageLinger + 1
  must(await at.ports.store.expire())
  expect(at.database.look('SELECT id FROM machine')).toEqual([])
  must(await reclaim.run(at.ports))
  expect(at.blobs.all.size).toBe(1)
  expect(await at.ports.store.commit([{ do: 'image.forget', image }])).toMatchObject({ fault: { code: 'stale' } })
  must(await deleteVolumes.call(call, { volumes: [copy] }))
  await at.settle()
  must(await reclaim.run(at.ports))
  expect(at.blobs.all.size).toBe(0)
  expect(at.database.look('SELECT id FROM image WHERE id = ?', image)).toEqual([])
})

test('an import that is cancelled ends as failed, and its host lets it go', async () => {
  const { image } = must(await importImage.call(call, { name: 'mine', url }))
  const [row] = at.database.look('SELECT id FROM operation WHERE subject = ?', image)
  const operation = String(row?.id)
  must(await cancelOperation.call(call, { operation }))
  await at.settle()
  expect(await look(image)).toMatchObject({ state: 'failed', import: { host: null } })
  expect(at.database.look('SELECT state FROM operation WHERE id = ?', operation)).toEqual([{ state: 'cancelled' }])
})

test('bytes that another image has stay', async () => {
  const { image } = must(await importImage.call(call, { name: 'mine', url }))
  await at.settle()
  const sha256 = (await look(image))?.files[0]?.sha256 ?? ''
  await at.database.execute(`INSERT INTO image_file (sha256, image) VALUES ('${sha256}', 'img_twin')`)
  must(await deleteImage.call(call, { image }))
  await at.settle()
  at.rows.clock.at += limits.imageLinger + 1
  must(await reclaim.run(at.ports))
  expect(at.blobs.all.has(`images/${sha256}`)).toBe(true)
})

test('deleted while it is made: nobody makes it any more', async () => {
  const { image } = must(await importImage.call(call, { name: 'mine', url }))
  must(await deleteImage.call(call, { image }))
  await at.settle()
  const ended = at.database.look('SELECT kind, state FROM operation WHERE subject = ? ORDER BY kind', image)
  expect(ended).toMatchObject([
    { kind: 'image.delete', state: 'done' },
    { kind: 'image.import', state: 'superseded' },
  ])
  expect(at.blobs.all.size).toBe(0)
})

test('a project has so many images, and no more', async () => {
  const { project } = at.principal
  const rows = Array.from(
    { length: limits.images },
    (_, i) => `('img_x${i}', 'ami-x${i}', 'x', '', '${project}', 'x86_64', 1, '[]', 0)`,
  )
  await at.database.execute(
    `INSERT INTO image (id, alias, name, description, project, architecture, minDiskMiB, files, createdAt) VALUES ${rows.join(', ')}`,
  )
  expect(await importImage.call(call, { name: 'one more', url })).toMatchObject({ fault: { code: 'quota' } })
})

describe('a capture', () => {
  const passing = () => at.database.look('SELECT id FROM snapshot WHERE passing = 1 AND goneAt IS NULL')
  const launched = async (how: { firmware?: 'uefi' } = {}) => {
    const { machines } = must(await launchMachines.call(call, { image: at.rows.image, flavor: 't3.micro', ...how }))
    await at.settle()
    return machines[0] ?? ''
  }

  test('of a machine is an image of its own: private, as large as its disk, started from the same firmware', async () => {
    const machine = await launched({ firmware: 'uefi' })
    const { image } = must(await captureImage.call(call, { name: 'kept', machine, tags: { for: 'later' } }))
    expect(await look(image)).toMatchObject({ state: 'importing', import: { source: { kind: 'snapshot' } } })
    await at.settle()
    const [found] = must(await at.ports.store.machines.find('platform', [machine]))
    expect(await look(image)).toMatchObject({
      state: 'ready',
      visibility: 'private',
      project: at.principal.project,
      firmware: 'uefi',
      architecture: 'x86_64',
      minDiskMiB: found?.volumes[0]?.sizeMiB,
      origin: found?.alias,
      files: [{ role: 'disk', format: 'qcow2' }],
    })
    expect(passing()).toEqual([])
    expect(await names(other)).toEqual(['tiny'])
    must(await deleteMachines.call(call, { machines: [machine] }))
    await at.settle()
    expect(must(await launchMachines.call(call, { image, flavor: 't3.micro' })).machines).toHaveLength(1)
    await at.settle()
  })

  test('that is given up leaves neither its snapshot nor work on the host; so does one that fails, and one deleted meanwhile', async () => {
    const machine = await launched()
    const begun = async () => {
      const { image, operations } = must(await captureImage.call(call, { name: 'kept', machine }))
      return { image, operation: operations[0] ?? '' }
    }
    const gone = async (image: string) => {
      await at.settle()
      expect(passing()).toEqual([])
      expect(await look(image)).toMatchObject({ import: { host: null } })
    }
    const given = await begun()
    must(await cancelOperation.call(call, { operation: given.operation }))
    await gone(given.image)
    expect(await look(given.image)).toMatchObject({ state: 'failed', failure: { message: expect.stringContaining('cancelled') } })
    const deleted = await begun()
    must(await deleteImage.call(call, { image: deleted.image }))
    await gone(deleted.image)
    at.failImports({ code: 'capacity', message: 'the storage is full' })
    const failed = await begun()
    await gone(failed.image)
    expect(await look(failed.image)).toMatchObject({ state: 'failed', failure: { message: 'the storage is full' } })
  })

  test('of what is not there, of nothing, of two things and of an unused volume is refused in plain words', async () => {
    const machine = await launched()
    expect(await captureImage.call(other, { name: 'x', machine })).toMatchObject({ fault: { code: 'not_found' } })
    expect(await captureImage.call(call, { name: 'x' })).toMatchObject({
      fault: { message: expect.stringContaining('say what') },
    })
    const { volume } = must(await createVolume.call(call, { sizeMiB: 64 }))
    expect(await captureImage.call(call, { name: 'x', volume, machine })).toMatchObject({ fault: { code: 'invalid' } })
    expect(await captureImage.call(call, { name: 'x', volume })).toMatchObject({
      fault: { code: 'precondition', message: expect.stringContaining('never used') },
    })
  })
})
