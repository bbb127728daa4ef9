import { simulatedBackups } from '@sirocco/agent/backups/simulated.ts'
import { privateCloud } from '@sirocco/control/adapters/clouds/private/connector.ts'
import { shardOf } from '@sirocco/control/domain/operations/shard.ts'
import { runDue, type Step, type Workflows } from '@sirocco/control/operations/engine.ts'
import { allWorkflows, workflows } from '@sirocco/control/operations/index.ts'
import type { Store } from '@sirocco/control/ports/store.ts'
import { reconcile } from '@sirocco/control/reconcile/index.ts'
import { createBackup } from '@sirocco/control/services/backups/create.ts'
import { deleteBackups } from '@sirocco/control/services/backups/delete.ts'
import { launchMachines } from '@sirocco/control/services/machines/launch.ts'
import { attachVolume } from '@sirocco/control/services/volumes/attach.ts'
import { createVolume } from '@sirocco/control/services/volumes/create.ts'
import { deleteVolumes } from '@sirocco/control/services/volumes/delete.ts'
import { refuse } from '@sirocco/shared/kit/fault.ts'
import type { Id } from '@sirocco/shared/kit/id.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { beforeEach, describe, expect, test } from 'vitest'
import { must } from '../contract/store/furnish.ts'
import { storedObjects } from '../support/backup-objects.ts'
import { type World, world } from '../support/world.ts'

/** Everything that every operation on backups must stand, as those on machines do: over blobs in memory, with real tables in them. */

let at: World
beforeEach(async () => {
  at = await world()
})
const call = () => ({ ports: at.ports, principal: at.principal })

const kinds = ['backup.create', 'backup.delete'] as const
type Kind = (typeof kinds)[number]

/** The volume that a running machine boots from. */
async function used(): Promise<Id<'volume'>> {
  const { machines } = must(await launchMachines.call(call(), { image: at.rows.image, flavor: 't3.micro' }))
  await at.settle()
  const [machine] = must(await at.ports.store.machines.find('platform', machines))
  const id = machine?.volumes[0]?.id
  if (!id) throw new Error('nothing was launched')
  return id
}
const take = async (volume: string) => must(await createBackup.call(call(), { volume })).backup
async function taken(volume: string): Promise<Id<'backup'>> {
  const backup = await take(volume)
  await at.settle()
  return backup
}

/** A backup with one operation of this kind just accepted; before and after the one that goes, others are there. */
async function accepted(kind: Kind): Promise<{ subject: Id<'backup'>; stay: Id<'backup'>[] }> {
  const volume = await used()
  const first = await taken(volume)
  if (kind === 'backup.create') return { subject: await take(volume), stay: [first] }
  const subject = await taken(volume)
  const last = await taken(volume)
  must(await deleteBackups.call(call(), { backups: [subject] }))
  return { subject, stay: [first, last] }
}

async function wake(backup: string, known: Workflows = workflows, store: Store = at.ports.store): Promise<void> {
  const ports = { ...at.ports, store }
  must(await runDue({ ...ports, clouds: { of: () => privateCloud(ports) } }, known, shardOf(backup)))
}
async function drive(backup: string, known?: Workflows): Promise<void> {
  for (let turn = 0; turn < 40; turn++) {
    await wake(backup, known)
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

/** Can all that this backup holds be read and checked, by whatever host a volume of it comes to lie on? */
async function isWhole(backup: Id<'backup'>): Promise<boolean> {
  const brought = await simulatedBackups(storedObjects(at.ports.store, at.blobs)).bring(
    { id: 'vol_new', sizeMiB: 1_048_576 },
    backup,
    () => {},
    new AbortController().signal,
  )
  return brought.ok
}
/** The makers of all objects that are stored. */
const makers = (): string[] => [
  ...new Set([...at.blobs.all.keys()].filter(key => key.startsWith('backups/')).map(key => key.split('/')[2] ?? '')),
]

async function standing(subject: string, stay: readonly Id<'backup'>[]) {
  return {
    backup: at.database.look('SELECT made, deleted, busy, host, goneAt IS NOT NULL AS gone FROM backup WHERE id = ?', subject)[0],
    operation: at.database.look('SELECT state FROM operation WHERE subject = ? ORDER BY id DESC', subject)[0]?.state,
    /** Made for backups, and still wanted. */
    frozen: at.database.look('SELECT id FROM snapshot WHERE passing = 1 AND deleted = 0').length,
    whole: (await Promise.all(stay.map(isWhole))).every(Boolean),
  }
}
const well = {
  'backup.create': {
    backup: { made: 'ready', deleted: 0, busy: 0, host: null, gone: 0 },
    operation: 'done',
    frozen: 0,
    whole: true,
  },
  'backup.delete': {
    backup: { made: 'ready', deleted: 1, busy: 0, host: null, gone: 1 },
    operation: 'done',
    frozen: 0,
    whole: true,
  },
} as const

describe.each(kinds.map(kind => [kind] as const))('%s', kind => {
  const endsWell = async ({ subject, stay }: Awaited<ReturnType<typeof accepted>>, when = '') => {
    expect(await standing(subject, stay), when).toEqual(well[kind])
    if (kind === 'backup.create') expect(await isWhole(subject), when).toBe(true)
    else expect(at.blobs.all.has(`backups/${await volumeOf(subject)}/${subject}/3/0`), when).toBe(false)
  }
  const volumeOf = async (backup: Id<'backup'>) => at.database.look('SELECT volume FROM backup WHERE id = ?', backup)[0]?.volume

  test('ends well where nothing goes wrong', async () => {
    const made = await accepted(kind)
    await drive(made.subject)
    await endsWell(made)
  })

  test('ends the same when every step runs twice', async () => {
    const made = await accepted(kind)
    const twice = changed(kind, step => ({
      ...step,
      run: async context => {
        await step.run(context)
        return step.run(context)
      },
    }))
    await drive(made.subject, twice)
    await endsWell(made)
  })

  test('goes on after a crash before, and after, each write of its log', async () => {
    for (let n = 1; ; n++) {
      for (const landed of [false, true]) {
        at = await world()
        const made = await accepted(kind)
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
          await wake(made.subject, workflows, store).catch(() => undefined)
          await at.obey()
          at.rows.clock.at += limits.parkSweep
        }
        await drive(made.subject)
        await endsWell(made, `${n} ${landed}`)
        if (!crashed) return
      }
    }
  })
})

const steps = allWorkflows
  .filter(({ kind }) => kind === 'backup.create')
  .flatMap(({ steps: own }) => own.map(({ name }) => [name] as const))

test.each(steps)(
  'a backup whose step %s is refused fails, leaves no work on a host, and what was stored of it is swept',
  async name => {
    const { subject, stay } = await accepted('backup.create')
    const failing = changed('backup.create', step =>
      step.name === name ? { ...step, run: async () => refuse('invalid', 'it cannot be') } : step,
    )
    await drive(subject, failing)
    expect(await standing(subject, stay)).toMatchObject({
      backup: { made: 'failed', busy: 0, host: null },
      operation: 'failed',
      frozen: 0,
      whole: true,
    })
    at.rows.clock.at += limits.backupLinger + 1
    await reconcile(at.ports)
    expect(makers()).toEqual(stay)
  },
)

describe('a crash while objects are removed', () => {
  test('at any of them leaves nothing lost, and in the end nothing behind', async () => {
    for (let most = 0; most < 8; most++) {
      at = await world()
      const { subject, stay } = await accepted('backup.delete')
      let left = most
      const remove: typeof at.blobs.remove = async keys => {
        if (left-- <= 0) throw new Error('killed')
        return at.blobs.remove(keys)
      }
      const dying = { ...at.ports, blobs: { ...at.ports.blobs, remove } }
      await runDue({ ...dying, clouds: { of: () => privateCloud(dying) } }, workflows, shardOf(subject))
      expect((await Promise.all(stay.map(isWhole))).every(Boolean), `after ${most}`).toBe(true)
      at.rows.clock.at += limits.parkSweep
      await drive(subject)
      expect(await standing(subject, stay), `after ${most}`).toEqual(well['backup.delete'])
      must(await deleteBackups.call(call(), { backups: stay }))
      await at.settle()
      for (const backup of stay) await drive(backup)
      expect(makers(), `after ${most}`).toEqual([])
    }
  })
})

describe('backups of one volume', () => {
  test('are taken one after the other, each on top of the one before, and stored once', async () => {
    const volume = await used()
    const all = [await take(volume), await take(volume), await take(volume)]
    for (let turn = 0; turn < 10; turn++) {
      await at.settle()
      at.rows.clock.at += limits.parkSweep
      for (const backup of all) await wake(backup)
    }
    const rows = at.database.look('SELECT id, base, turn, storedBytes FROM backup ORDER BY turn')
    expect(rows.map(({ turn }) => turn)).toEqual([1, 2, 3])
    expect(rows.map(({ base }) => base)).toEqual([null, rows[0]?.id, rows[1]?.id])
    expect(Number(rows[1]?.storedBytes)).toBeLessThan(Number(rows[0]?.storedBytes))
  })

  test('go in any order, and those that stay are whole', async () => {
    for (const order of [
      [0, 1, 2, 3],
      [3, 2, 1, 0],
      [1, 2, 0, 3],
      [2, 0, 3, 1],
    ]) {
      at = await world()
      const volume = await used()
      const all: Id<'backup'>[] = []
      for (let n = 0; n < 4; n++) all.push(await taken(volume))
      const gone = new Set<Id<'backup'>>()
      for (const n of order) {
        const goes = all[n]
        if (!goes) throw new Error('no such backup')
        must(await deleteBackups.call(call(), { backups: [goes] }))
        gone.add(goes)
        await at.settle()
        for (const stays of all) if (!gone.has(stays)) expect(await isWhole(stays), `${order} at ${n}`).toBe(true)
        // One is taken while others go: it stands on the newest that stays.
        if (gone.size === 2) all.push(await taken(volume))
      }
      must(await deleteBackups.call(call(), { backups: all }))
      await at.settle()
      expect(makers(), `${order}`).toEqual([])
    }
  })

  test('outlive it, and are restored to a new volume that lies nowhere yet', async () => {
    const volume = await used()
    const backup = await taken(volume)
    const { volume: restored } = must(await createVolume.call(call(), { backup, name: 'back' }))
    const [row] = must(await at.ports.store.volumes.find('platform', [restored]))
    expect(row).toMatchObject({ host: null, sourceKind: 'backup', sourceBackup: backup })
    const { backups } = at.ports.store
    for (const host of at.rows.hosts) expect(must(await backups.isReadBy(backup, [host]))).toBe(false)
    const refused = await deleteBackups.call(call(), { backups: [backup] })
    expect(refused.ok ? null : refused.fault).toMatchObject({ code: 'conflict', key: 'backup.awaited' })
    must(await deleteVolumes.call(call(), { volumes: [restored] }))
    must(await deleteBackups.call(call(), { backups: [backup] }))
    await at.settle()
    const late = await createVolume.call(call(), { backup })
    expect(late.ok ? null : late.fault).toMatchObject({ code: 'precondition', key: 'backup.is_gone' })
  })

  test('are read by the one host that is to make a volume from one, and by the one that takes another', async () => {
    const volume = await used()
    const backup = await taken(volume)
    const { backups, machines } = at.ports.store
    const readers = async () => {
      const found = await Promise.all(
        at.rows.hosts.map(async host => (must(await backups.isReadBy(backup, [host])) ? [host] : [])),
      )
      return found.flat()
    }
    expect(await readers()).toEqual([])
    const next = await take(volume)
    await wake(next)
    const [row] = must(await backups.find('platform', [next]))
    expect(await readers()).toEqual([row?.host])
    await at.settle()
    expect(await readers()).toEqual([])
    const { volume: restored } = must(await createVolume.call(call(), { backup }))
    const machine = String(at.database.look('SELECT machine FROM attachment')[0]?.machine)
    must(await attachVolume.call(call(), { volume: restored, machine }))
    const [owner] = must(await machines.find('platform', [machine]))
    expect(await readers()).toEqual([owner?.host])
  })

  test('given up while one is taken, let the next begin, and what was stored is swept', async () => {
    const volume = await used()
    const first = await take(volume)
    const second = await take(volume)
    must(await deleteBackups.call(call(), { backups: [first] }))
    for (let turn = 0; turn < 10; turn++) {
      await at.settle()
      at.rows.clock.at += limits.parkSweep
      for (const backup of [first, second]) await wake(backup)
    }
    at.rows.clock.at += limits.backupLinger
    await reconcile(at.ports)
    expect(await isWhole(second)).toBe(true)
    expect(makers()).toEqual([second])
    expect(at.database.look('SELECT id FROM snapshot WHERE passing = 1 AND deleted = 0')).toEqual([])
  })
})
