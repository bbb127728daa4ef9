import { privateCloud } from '@sirocco/control/adapters/clouds/private/connector.ts'
import { shardOf } from '@sirocco/control/domain/operations/shard.ts'
import { runDue, type Step, type Workflows } from '@sirocco/control/operations/engine.ts'
import { allWorkflows, workflows } from '@sirocco/control/operations/index.ts'
import { uploadedParts } from '@sirocco/control/ports/blobs.ts'
import type { Store } from '@sirocco/control/ports/store.ts'
import { captureImage } from '@sirocco/control/services/images/capture.ts'
import { deleteImage } from '@sirocco/control/services/images/delete.ts'
import { uploadImage } from '@sirocco/control/services/images/upload.ts'
import { finishUpload, putUploadPart } from '@sirocco/control/services/images/upload-parts.ts'
import { launchMachines } from '@sirocco/control/services/machines/launch.ts'
import { refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { beforeEach, describe, expect, test } from 'vitest'
import { must } from '../contract/store/furnish.ts'
import { type World, world } from '../support/world.ts'

/** Everything that every operation on images must stand, as those on machines do. */

let at: World
beforeEach(async () => {
  at = await world()
})

const kinds = ['image.import', 'image.capture', 'image.delete'] as const
type Kind = (typeof kinds)[number]

/** A machine that runs, with its disk on a host. */
async function running(): Promise<Id<'machine'>> {
  const call = { ports: at.ports, principal: at.principal }
  const { machines } = must(await launchMachines.call(call, { image: at.rows.image, flavor: 't3.micro' }))
  await at.settle()
  const [machine] = machines
  if (!machine) throw new Error('nothing was launched')
  return machine
}

/** An image with one operation of this kind just accepted. */
async function accepted(kind: Kind): Promise<Id<'image'>> {
  const call = { ports: at.ports, principal: at.principal }
  if (kind === 'image.capture') return must(await captureImage.call(call, { name: 'mine', machine: await running() })).image
  const { image } = must(await uploadImage.call(call, { name: 'mine', bytes: 5 }))
  must(await putUploadPart.call(call, { image, part: 1, bytes: 5, sha256: null, body: new Blob(['hello']).stream() }))
  if (kind === 'image.delete') must(await deleteImage.call(call, { image }))
  else must(await finishUpload.call(call, { image }))
  return image
}

async function wake(image: string, known: Workflows = workflows, store: Store = at.ports.store): Promise<void> {
  const ports = { ...at.ports, store }
  must(await runDue({ ...ports, clouds: { of: () => privateCloud(ports) } }, known, shardOf(image)))
}

async function drive(image: string, known?: Workflows): Promise<void> {
  for (let turn = 0; turn < 40; turn++) {
    await wake(image, known)
    // A poke may have been lost; a host looks by itself, sooner or later.
    at.ports.pokes.hosts(at.rows.hosts)
    await at.obey()
    at.rows.clock.at += limits.parkSweep
  }
}

const changed =
  (kind: Kind, change: (step: Step<never>) => Step<never>): Workflows =>
  (asked, version) => {
    const workflow = workflows(asked, version)
    return workflow && asked === kind ? { ...workflow, steps: workflow.steps.map(step => change(step as Step<never>)) } : workflow
  }

const standing = async (image: string) => ({
  image: at.database.look('SELECT state FROM image WHERE id = ?', image)[0]?.state,
  operation: at.database.look('SELECT state FROM operation WHERE subject = ?', image)[0]?.state,
  placed: at.database.look('SELECT host FROM image_import WHERE image = ? AND host IS NOT NULL', image).length,
  parts: must(await at.blobs.list(uploadedParts(image))).length,
  /** Made for a capture, and still wanted. */
  frozen: at.database.look('SELECT id FROM snapshot WHERE passing = 1 AND deleted = 0').length,
})
const well = {
  'image.import': { image: 'ready', operation: 'done', placed: 0, parts: 0, frozen: 0 },
  'image.capture': { image: 'ready', operation: 'done', placed: 0, parts: 0, frozen: 0 },
  'image.delete': { image: 'deleting', operation: 'done', placed: 0, parts: 0, frozen: 0 },
} as const

describe.each(kinds.map(kind => [kind] as const))('%s', kind => {
  test('ends well where nothing goes wrong', async () => {
    const image = await accepted(kind)
    await drive(image)
    expect(await standing(image)).toEqual(well[kind])
  })

  test('ends the same when every step runs twice', async () => {
    const image = await accepted(kind)
    const twice = changed(kind, step => ({
      ...step,
      run: async context => {
        await step.run(context)
        return step.run(context)
      },
    }))
    await drive(image, twice)
    expect(await standing(image)).toEqual(well[kind])
  })

  test('goes on after a crash before, and after, each write of its log', async () => {
    for (let n = 1; ; n++) {
      for (const landed of [false, true]) {
        at = await world()
        const image = await accepted(kind)
        let left = n
        let crashed = false
        const store: Store = {
          ...at.ports.store,
          async commit(changes) {
            if (crashed || !changes.some(change => change.do === 'operation.move') || --left > 0)
              return at.ports.store.commit(changes)
            crashed = true
            if (landed) must(await at.ports.store.commit(changes))
            throw new Error('killed')
          },
        }
        for (let turn = 0; turn < 10 && !crashed; turn++) {
          await wake(image, workflows, store).catch(() => undefined)
          await at.obey()
          at.rows.clock.at += limits.parkSweep
        }
        await drive(image)
        expect(await standing(image), `${n} ${landed}`).toEqual(well[kind])
        if (!crashed) return
      }
    }
  })
})

const steps = allWorkflows
  .filter(({ kind }) => kind === 'image.import' || kind === 'image.capture')
  .flatMap(({ kind, steps: own }) => own.map(({ name }) => [kind, name] as const))

test.each(steps)('an %s whose step %s is refused fails, and leaves no work on a host', async (kind, name) => {
  const image = await accepted(kind as 'image.import' | 'image.capture')
  const failing = changed(kind as 'image.import' | 'image.capture', step =>
    step.name === name ? { ...step, run: async () => refuse('invalid', 'it cannot be') } : step,
  )
  await drive(image, failing)
  expect(await standing(image)).toMatchObject({ image: 'failed', operation: 'failed', placed: 0, frozen: 0 })
})
