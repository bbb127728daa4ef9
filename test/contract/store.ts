import type { Client } from '@libsql/client/web'
import { shardOf } from '@sirocco/control/domain/operations/shard.ts'
import type { Change } from '@sirocco/control/ports/changes.ts'
import type { Page, Paged } from '@sirocco/control/ports/store.ts'
import { assert } from '@sirocco/shared/kit/assert.ts'
import type { Result } from '@sirocco/shared/kit/fault.ts'
import { limits } from '@sirocco/shared/model/limits.ts'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { between, lost } from './store/between.ts'
import { capacity, type Furnished, furnish, launched, launching, must } from './store/furnish.ts'

/** The contract of the store, whatever database is under it. `make` gives an empty one. */
export function describeStore(name: string, make: () => Promise<{ client: Client; close(): Promise<void> }>): void {
  describe(`the store contract: ${name}`, () => {
    let at: Furnished
    let close: () => Promise<void>
    beforeEach(async () => {
      const made = await make()
      close = made.close
      at = await furnish(made.client)
    })
    afterEach(() => close())

    const host = () => {
      const [first] = at.hosts
      assert(first, 'a host')
      return first
    }
    const machines = async () => must(await at.store.machines.list(at.scope, { after: null, limit: 1_000 })).items
    const revision = async () => must(await at.store.hosts.revisions([host()])).get(host())
    const refused = (result: Result<unknown>) => (result.ok ? 'ok' : result.fault.code)

    describe('one commit', () => {
      test('writes all of it', async () => {
        const { machine } = await launched(at, 10)
        const [found] = must(await at.store.machines.find(at.scope, [machine]))
        expect(found).toMatchObject({
          id: machine,
          host: host(),
          generation: 1,
          power: 'on',
          account: expect.stringMatching(/^\d{12}$/),
        })
        expect(found?.ports).toMatchObject([{ address: '10.64.0.10' }])
        expect(must(await at.store.operations.list(at.scope, machine, { after: null, limit: 10 })).items).toHaveLength(1)
      })

      test('or nothing: what stands before the refused change is undone', async () => {
        const { changes, machine } = launching(at, { n: 10 })
        const before = await revision()
        const stale: Change = { do: 'machine.intent', machine, version: 9, generation: 2, power: 'off' }
        expect(refused(await at.store.commit([...changes, stale]))).toBe('stale')
        expect(await machines()).toEqual([])
        expect(await revision()).toBe(before)
        expect(must(await at.store.events.since(at.scope, 0, 10)).events).toEqual([])
      })

      test('of a thousand machines is one batch', async () => {
        let batches = 0
        const store = at.over(
          between(at.client, async (_, send) => {
            batches++
            return send()
          }),
        )
        const tags = Array.from({ length: 1_000 }, (_, i): Change => {
          return { do: 'tag.set', project: at.project, resource: `vm_${i}`, key: 'k', value: 'v' }
        })
        expect(await store.commit(tags)).toMatchObject({ ok: true })
        expect(batches).toBe(1)
      })
    })

    describe('its guards', () => {
      test('stale: an intent on a version that has passed', async () => {
        const { machine } = await launched(at, 10)
        const intent = (version: number): Change => ({
          do: 'machine.intent',
          machine,
          version,
          generation: version + 1,
          power: 'off',
        })
        expect(refused(await at.store.commit([intent(1)]))).toBe('ok')
        expect(refused(await at.store.commit([intent(1)]))).toBe('stale')
      })
      test('stale: a failure, or an end, of a generation that has passed', async () => {
        const { machine } = await launched(at, 10)
        must(await at.store.commit([{ do: 'machine.intent', machine, version: 1, generation: 2, power: 'gone' }]))
        const fault = { code: 'internal', message: 'no' } as const
        expect(refused(await at.store.commit([{ do: 'machine.fail', machine, generation: 1, fault, discard: true }]))).toBe(
          'stale',
        )
        expect(refused(await at.store.commit([{ do: 'machine.gone', machine, generation: 1 }]))).toBe('stale')
        expect(refused(await at.store.commit([{ do: 'machine.gone', machine, generation: 2 }]))).toBe('ok')
      })
      test('stale: a step that another runner has landed', async () => {
        const { operation } = await launched(at, 10)
        const move: Change = {
          do: 'operation.move',
          operation,
          version: 1,
          to: { state: 'running', step: 1, tries: 0, wakeAt: at.clock.now(), waiting: null, fault: null },
          log: { step: 'place', outcome: 'done' },
        }
        expect(refused(await at.store.commit([move]))).toBe('ok')
        expect(refused(await at.store.commit([move]))).toBe('stale')
        expect(must(await at.store.operations.find(operation))).toMatchObject({ version: 2, step: 1 })
      })
      test('stale: a link, or a silence, of an epoch that has passed', async () => {
        const link = (epoch: number): Change => ({ do: 'agent.link', agent: at.agent, epoch, bootId: 'b', version: '1' })
        expect(refused(await at.store.commit([link(2)]))).toBe('ok')
        expect(refused(await at.store.commit([link(2)]))).toBe('stale')
        expect(refused(await at.store.commit([{ do: 'agent.silent', agent: at.agent, epoch: 1, since: 5 }]))).toBe('stale')
        expect(refused(await at.store.commit([{ do: 'agent.silent', agent: at.agent, epoch: 2, since: 5 }]))).toBe('ok')
        expect(must(await at.store.agents.find(at.agent))).toMatchObject({ epoch: 2, silentSince: 5 })
      })
      test('stale: what was observed before what is known', async () => {
        const { machine } = await launched(at, 10)
        const seen = (epoch: number, seq: number, power: 'running' | 'stopped'): Change => ({
          do: 'machine.observed',
          machine,
          host: host(),
          epoch,
          seq,
          appliedGeneration: 1,
          power,
          cause: null,
          progress: null,
          fault: null,
          digest: `${epoch}.${seq}`,
        })
        expect(refused(await at.store.commit([seen(2, 5, 'running')]))).toBe('ok')
        for (const [epoch, seq] of [
          [2, 5],
          [2, 4],
          [1, 9],
        ] as const)
          expect(refused(await at.store.commit([seen(epoch, seq, 'stopped')]))).toBe('stale')
        expect(refused(await at.store.commit([seen(3, 1, 'stopped')]))).toBe('ok')
        expect((await machines())[0]?.observed).toMatchObject({ power: 'stopped' })
      })
      test('observing never touches the version of what is wanted', async () => {
        const { machine } = await launched(at, 10)
        const before = (await machines())[0]?.version
        const fact = { host: host(), epoch: 9, seq: 1, appliedGeneration: 1, power: 'running' } as const
        must(
          await at.store.commit([
            { do: 'machine.observed', machine, ...fact, cause: null, progress: null, fault: null, digest: 'd' },
            { do: 'machine.ran', machine },
          ]),
        )
        expect((await machines())[0]).toMatchObject({ version: before, ranAt: at.clock.now() })
      })

      test('capacity: of memory, cpu and disk, and of a host that takes nothing or was never heard', async () => {
        const claim = (more: Partial<Extract<Change, { do: 'allocation.claim' }>>): Change => ({
          do: 'allocation.claim',
          id: at.ids.make('allocation'),
          consumer: at.ids.make('machine'),
          host: host(),
          vcpus: 1,
          memoryMiB: 1,
          diskMiB: 1,
          ...more,
        })
        expect(refused(await at.store.commit([claim({ memoryMiB: capacity.memoryMiB })]))).toBe('ok')
        expect(refused(await at.store.commit([claim({})]))).toBe('capacity')
        const [, other] = at.hosts
        assert(other, 'a second host')
        expect(refused(await at.store.commit([claim({ host: other, vcpus: capacity.cpus * 8 + 1 })]))).toBe('capacity')
        expect(refused(await at.store.commit([claim({ host: other, diskMiB: capacity.diskMiB * 4 + 1 })]))).toBe('capacity')
        const silent = at.ids.make('host')
        must(await at.store.commit([{ do: 'host.insert', host: silent, agent: at.agent, zone: at.zone, name: 'silent' }]))
        expect(refused(await at.store.commit([claim({ host: silent })]))).toBe('capacity')
      })
      test('capacity: of many at once exactly those that fit', async () => {
        const tries = Array.from({ length: 12 }, (_, i) => at.store.commit(launching(at, { n: 10 + i }).changes))
        const results = (await Promise.all(tries)).map(refused)
        const room = Math.floor(capacity.memoryMiB / 1024)
        expect(results.filter(r => r === 'ok')).toHaveLength(room)
        expect(results.filter(r => r === 'capacity')).toHaveLength(12 - room)
        const listed = must(await at.store.hosts.list({ after: null, limit: 10 })).items.find(h => h.id === host())
        expect(listed).toMatchObject({ machines: room, used: { memoryMiB: capacity.memoryMiB } })
      })
      test('capacity that is released can be claimed again; one consumer claims once', async () => {
        const { machine } = await launched(at, 10)
        const again: Change = {
          do: 'allocation.claim',
          id: at.ids.make('allocation'),
          consumer: machine,
          host: host(),
          vcpus: 1,
          memoryMiB: 1,
          diskMiB: 1,
        }
        expect(refused(await at.store.commit([again]))).toBe('conflict')
        expect(refused(await at.store.commit([{ do: 'allocation.release', consumer: machine }, again]))).toBe('ok')
      })

      test('conflict: an address that is taken, unless another was named that is free', async () => {
        await launched(at, 10)
        await launched(at, 11)
        const claiming = (...others: string[]) => {
          const { machine, changes } = launching(at, { n: 10, host: at.hosts[1] })
          const claim = changes.map(change =>
            change.do === 'port.insert'
              ? ({ do: 'port.claim', port: { ...change.port, mac: '02:00:00:00:00:01' }, others } as const)
              : change,
          )
          return { machine, claim }
        }
        expect(refused(await at.store.commit(claiming('10.64.0.11').claim))).toBe('conflict')
        const { machine, claim } = claiming('10.64.0.11', '10.64.0.12', '10.64.0.13')
        must(await at.store.commit(claim))
        const [found] = must(await at.store.machines.find(at.scope, [machine]))
        expect(found?.ports).toMatchObject([{ address: '10.64.0.12', mac: '02:00:00:00:00:01', position: 0 }])
        expect(must(await at.store.networks.taken(at.subnet, ['10.64.0.9', '10.64.0.12']))).toEqual(['10.64.0.12'])
        expect(new Set(must(await at.store.networks.taken(at.subnet)))).toEqual(
          new Set(['10.64.0.10', '10.64.0.11', '10.64.0.12']),
        )
      })

      test('conflict: a token, an address, the name of a key pair, twice', async () => {
        const token: Change = {
          do: 'token',
          principal: at.user,
          verb: 'machines.launch',
          token: 't',
          requestHash: 'h',
          answer: { a: [1] },
        }
        expect(refused(await at.store.commit([token]))).toBe('ok')
        expect(refused(await at.store.commit([{ ...token, requestHash: 'other' }]))).toBe('conflict')
        expect(must(await at.store.tokens.find(at.user, 'machines.launch', 't'))).toEqual({
          requestHash: 'h',
          answer: { a: [1] },
        })
        expect(must(await at.store.tokens.find(at.user, 'machines.stop', 't'))).toBeNull()

        await launched(at, 10)
        expect(refused(await at.store.commit(launching(at, { n: 10 }).changes))).toBe('conflict')

        const pair = (): Change => ({
          do: 'key-pair.insert',
          project: at.project,
          keyPair: {
            id: at.ids.make('keyPair'),
            alias: `key-${at.ids.make('commit')}`,
            name: 'mine',
            publicKey: 'ssh-ed25519 AAAA',
            type: 'ed25519',
            fingerprint: 'f',
          },
        })
        expect(refused(await at.store.commit([pair()]))).toBe('ok')
        expect(refused(await at.store.commit([pair()]))).toBe('conflict')
      })
      test('conflict: a one-time link or enrolment, used twice, unknown or too late', async () => {
        const link = (tokenHash: string): Change => ({ do: 'session.use-link', tokenHash })
        const insert: Change = {
          do: 'session.insert',
          id: at.ids.make('session'),
          tokenHash: 'l',
          kind: 'link',
          user: at.user,
          project: at.project,
          expiresAt: at.clock.now() + 1_000,
          address: null,
          device: '',
        }
        must(await at.store.commit([insert, { ...insert, id: at.ids.make('session'), tokenHash: 'late' }]))
        expect(refused(await at.store.commit([link('l')]))).toBe('ok')
        expect(refused(await at.store.commit([link('l')]))).toBe('conflict')
        expect(refused(await at.store.commit([link('unknown')]))).toBe('conflict')
        at.clock.at += 1_000
        expect(refused(await at.store.commit([link('late')]))).toBe('conflict')
        expect(refused(await at.store.commit([{ do: 'enrolment.use', tokenHash: 'unknown', agent: at.agent }]))).toBe('conflict')
      })
    })

    describe('a lost answer', () => {
      test('of a batch that landed: it is settled as landed, and nothing is done twice', async () => {
        const store = at.over(
          between(at.client, async (n, send) => {
            const answer = await send()
            return n === 1 ? lost() : answer
          }),
        )
        expect(refused(await store.commit(launching(at, { n: 10 }).changes))).toBe('ok')
        expect(await machines()).toHaveLength(1)
        expect(must(await store.events.since(at.scope, 0, 10)).events).toHaveLength(1)
      })
      test('of a batch that never arrived: unavailable, and nothing is there', async () => {
        const store = at.over(between(at.client, async (n, send) => (n === 1 ? lost() : send())))
        expect(refused(await store.commit(launching(at, { n: 10 }).changes))).toBe('unavailable')
        expect(await machines()).toEqual([])
      })
      test('of a batch that would arrive after its caller gave up: it never lands', async () => {
        const strays: (() => Promise<unknown>)[] = []
        const store = at.over(
          between(at.client, async (n, send) => {
            if (n > 1) return send()
            strays.push(send)
            return lost()
          }),
        )
        expect(refused(await store.commit(launching(at, { n: 10 }).changes))).toBe('unavailable')
        for (const send of strays) await expect(send()).rejects.toThrow('UNIQUE')
        expect(await machines()).toEqual([])
      })
      test('of the settling itself: settled all the same', async () => {
        const store = at.over(
          between(at.client, async (n, send) => {
            const answer = n === 2 ? await send().catch(() => null) : n === 3 ? null : await send()
            return n <= 3 ? lost() : answer
          }),
        )
        expect(refused(await store.commit(launching(at, { n: 10 }).changes))).toBe('ok')
        expect(await machines()).toHaveLength(1)
      })
      test('a settling whose own answer was lost does not take its own mark for the batch', async () => {
        const store = at.over(
          between(at.client, async (n, send) => {
            if (n === 1) return lost()
            const answer = await send()
            return n === 2 ? lost() : answer
          }),
        )
        expect(refused(await store.commit(launching(at, { n: 10 }).changes))).toBe('unavailable')
        expect(await machines()).toEqual([])
      })
      test('of a refused batch that is sent again by its caller: each refusal keeps its own meaning', async () => {
        const { machine } = await launched(at, 10)
        const store = at.over(
          between(at.client, async (n, send) => {
            if (n > 1) return send()
            await send().catch(() => null)
            return lost()
          }),
        )
        const stale: Change = { do: 'machine.intent', machine, version: 9, generation: 2, power: 'off' }
        expect(['unavailable', 'stale']).toContain(refused(await store.commit([stale])))
        expect(refused(await store.commit([stale]))).toBe('stale')
      })
      test('by a database that stays away: unavailable, within a bound', async () => {
        let tries = 0
        const store = at.over(
          between(at.client, async () => {
            tries++
            return lost()
          }),
        )
        expect(refused(await store.commit(launching(at, { n: 10 }).changes))).toBe('unavailable')
        expect(tries).toBeLessThan(20)
      })
      test('too many requests are throttled, not unavailable, and nothing is there', async () => {
        const throttled = () => {
          throw new Error('Server returned HTTP status 429')
        }
        const store = at.over(between(at.client, async (n, send) => (n === 1 ? throttled() : send())))
        expect(refused(await store.commit(launching(at, { n: 10 }).changes))).toBe('throttled')
        expect(await machines()).toEqual([])
      })
      test('reads that fail are refused, not thrown', async () => {
        const broken = new Proxy(at.client, {
          get: (target, key) => (key === 'batch' || key === 'execute' ? async () => lost() : Reflect.get(target, key)),
        })
        const store = at.over(broken)
        expect(refused(await store.machines.list(at.scope, { after: null, limit: 1 }))).toBe('unavailable')
        expect(refused(await store.flavors.list())).toBe('unavailable')
        expect(refused(await store.incarnation())).toBe('unavailable')
      })
    })

    describe('reading', () => {
      test('finds machines by either id, in the order asked, and names the first that is not there', async () => {
        const made = [await launched(at, 10), await launched(at, 11), await launched(at, 12)].map(l => l.machine)
        const aliases = new Map((await machines()).map(m => [m.id, m.alias]))
        const refs = [made[2] ?? '', aliases.get(made[0] ?? 'vm_') ?? '', made[1] ?? '']
        expect(must(await at.store.machines.find(at.scope, refs)).map(m => m.id)).toEqual([made[2], made[0], made[1]])
        const missing = await at.store.machines.find(at.scope, [...refs, 'i-00000000000000000', 'vm_x'])
        expect(missing).toMatchObject({
          ok: false,
          fault: { code: 'not_found', message: expect.stringContaining('i-00000000000000000') },
        })
      })

      test('what another project has is not there', async () => {
        const { machine } = await launched(at, 10)
        must(await at.store.commit([{ do: 'tag.set', project: at.project, resource: machine, key: 'k', value: 'v' }]))
        const other = { project: at.ids.make('project') }
        const page: Page = { after: null, limit: 10 }
        expect(refused(await at.store.machines.find(other, [machine]))).toBe('not_found')
        expect(refused(await at.store.tags.resolve(other, [machine]))).toBe('not_found')
        expect(must(await at.store.machines.list(other, page)).items).toEqual([])
        expect(must(await at.store.tags.list(other, page)).items).toEqual([])
        expect(must(await at.store.networks.list(other, page)).items).toEqual([])
        expect(must(await at.store.operations.list(other, null, page)).items).toEqual([])
        expect(must(await at.store.operations.list(other, machine, page)).items).toEqual([])
        expect(must(await at.store.events.since(other, 0, 10)).events).toEqual([])
        expect(must(await at.store.images.list(other, page)).items).toHaveLength(1)
      })

      test('a page of machines is one round trip, however many', async () => {
        for (let n = 10; n < 14; n++) await launched(at, n)
        let calls = 0
        const counting = new Proxy(at.client, {
          get: (target, key) => {
            const value = Reflect.get(target, key)
            if (typeof value !== 'function') return value
            return (...args: unknown[]) => {
              if (key === 'batch' || key === 'execute') calls++
              return Reflect.apply(value, target, args)
            }
          },
        })
        must(await at.over(counting).machines.list(at.scope, { after: null, limit: 100 }))
        expect(calls).toBe(1)
      })

      test('a gone machine is seen for an hour, and then forgotten with all that hangs on it', async () => {
        const { machine, volume } = await launched(at, 10)
        must(
          await at.store.commit([
            { do: 'machine.gone', machine, generation: 1 },
            { do: 'allocation.release', consumer: machine },
            { do: 'attachment.remove', volume },
            { do: 'volume.gone', volume, generation: 1 },
            { do: 'allocation.release', consumer: volume },
            { do: 'port.release', machine },
            { do: 'tag.set', project: at.project, resource: machine, key: 'k', value: 'v' },
          ]),
        )
        at.clock.at += limits.goneVisible - 1
        expect((await machines()).map(m => m.id)).toEqual([machine])
        at.clock.at += 2
        expect(await machines()).toEqual([])
        expect(refused(await at.store.machines.find(at.scope, [machine]))).toBe('not_found')
        for (let i = 0; i < 5; i++) must(await at.store.expire())
        for (const table of ['machine', 'volume', 'allocation', 'operation', 'machine_observed', 'tag', 'port'])
          expect((await at.client.execute(`SELECT count(*) n FROM ${table}`)).rows[0]?.n, table).toBe(0)
        expect(must(await at.store.expire())).toBe(0)
      })

      test('what is wanted on a host: the same rows give the same, and a touched host another revision', async () => {
        const { machine } = await launched(at, 10)
        const [first, second] = [must(await at.store.hosts.desired(host())), must(await at.store.hosts.desired(host()))]
        expect(second).toEqual(first)
        expect(first.objects.map(o => o.kind)).toEqual(['network', 'volume', 'machine'])
        expect(first.objects.find(o => o.kind === 'machine')).toMatchObject({
          id: machine,
          power: 'on',
          seed: { userData: 'aGVsbG8=' },
        })
        const [, other] = at.hosts
        assert(other, 'a second host')
        expect(must(await at.store.hosts.desired(other)).objects).toEqual([])
        must(await at.store.commit([{ do: 'host.touch', host: host() }]))
        expect(must(await at.store.hosts.desired(host())).revision).toBe(first.revision + 1)
      })

      test('what is to be gone stays wanted gone until it is, and then is wanted no more', async () => {
        const { machine } = await launched(at, 10)
        must(await at.store.commit([{ do: 'machine.intent', machine, version: 1, generation: 2, power: 'gone' }]))
        const wanted = async () => must(await at.store.hosts.desired(host())).objects.filter(o => o.kind === 'machine')
        expect(await wanted()).toMatchObject([{ id: machine, power: 'gone', generation: 2 }])
        must(
          await at.store.commit([
            { do: 'machine.gone', machine, generation: 2 },
            { do: 'allocation.release', consumer: machine },
          ]),
        )
        expect(await wanted()).toEqual([])
      })

      test('operations are due when their time has come, soonest first; a wake makes those of a subject due', async () => {
        const [a, b] = [await launched(at, 10), await launched(at, 11)]
        const now = at.clock.now()
        const park = (operation: typeof a.operation, wakeAt: number): Change => ({
          do: 'operation.move',
          operation,
          version: 1,
          to: { state: 'parked', step: 1, tries: 0, wakeAt, waiting: 'for a fact', fault: null },
          log: { step: 'x', outcome: 'parked' },
        })
        const shards = [...new Set([shardOf(a.machine), shardOf(b.machine)])]
        const due = async (then: number) => {
          const lists = await Promise.all(shards.map(shard => at.store.operations.due(shard, then, 10)))
          const all = lists.flatMap(list => must(list))
          return all.toSorted((x, y) => (x.wakeAt ?? 0) - (y.wakeAt ?? 0)).map(o => o.id)
        }
        must(await at.store.commit([park(a.operation, now + 2_000), park(b.operation, now + 1_000)]))
        expect(await due(now)).toEqual([])
        expect(must(await at.store.operations.dueShards(now))).toEqual([])
        expect(must(await at.store.operations.nextWake(shardOf(b.machine)))).toBe(now + 1_000)
        expect(await due(now + 2_000)).toEqual([b.operation, a.operation])
        expect(new Set(must(await at.store.operations.dueShards(now + 2_000)))).toEqual(new Set(shards))
        must(await at.store.commit([{ do: 'operation.wake', subject: a.machine, generation: 1 }]))
        expect(await due(now)).toEqual([a.operation])
        must(await at.store.commit([{ do: 'operation.wake', subject: b.machine, generation: 0 }]))
        expect(await due(now)).toEqual([a.operation])
      })

      test('a wake that comes while a runner parks is not lost: the runner finds that it is stale', async () => {
        const { operation, machine } = await launched(at, 10)
        const read = must(await at.store.operations.find(operation))
        must(await at.store.commit([{ do: 'operation.wake', subject: machine, generation: 1 }]))
        const park: Change = {
          do: 'operation.move',
          operation,
          version: read.version,
          to: { state: 'parked', step: 1, tries: 0, wakeAt: at.clock.now() + 30_000, waiting: 'for a fact', fault: null },
          log: { step: 'x', outcome: 'parked' },
        }
        expect(refused(await at.store.commit([park]))).toBe('stale')
      })

      test('events come by rising seq, and a cursor older than what is kept is told so', async () => {
        const { machine } = await launched(at, 10)
        await launched(at, 11)
        const all = must(await at.store.events.since(at.scope, 0, 10))
        expect(all.events.map(e => e.seq)).toEqual([...all.events.map(e => e.seq)].sort((a, b) => a - b))
        expect(all).toMatchObject({ reset: false, events: [{ subject: machine }, {}] })
        const [first] = all.events
        assert(first, 'an event')
        expect(must(await at.store.events.since(at.scope, first.seq, 10)).events).toHaveLength(1)
        expect(must(await at.store.events.since(at.scope, 0, 10, machine)).events).toHaveLength(1)
        at.clock.at += limits.eventRetention + 1
        must(await at.store.commit([{ do: 'event', project: at.project, type: 'x', subject: machine }]))
        must(await at.store.expire())
        const after = must(await at.store.events.since(at.scope, first.seq, 10))
        expect(after).toMatchObject({ reset: true, events: [{ type: 'x' }] })
        const newest = must(await at.store.events.newest(at.scope))
        expect(newest).toBe(after.events[0]?.seq)
        expect(must(await at.store.events.since(at.scope, newest, 10))).toEqual({ events: [], reset: false })
      })

      test('an empty event log tells an old cursor so, too', async () => {
        const { machine } = await launched(at, 10)
        must(await at.store.commit([{ do: 'event', project: at.project, type: 'x', subject: machine }]))
        at.clock.at += limits.eventRetention + 1
        must(await at.store.expire())
        expect(must(await at.store.events.since(at.scope, 1, 10))).toEqual({ events: [], reset: true })
      })
    })

    describe('pages', () => {
      /** Reads to the end by pages of three, with `meanwhile` between any two. */
      async function walk<T>(list: (page: Page) => Promise<Result<Paged<T>>>, meanwhile: () => Promise<unknown>): Promise<T[]> {
        const items: T[] = []
        let after: string | null = null
        for (let i = 0; i < 100; i++) {
          const page: Paged<T> = must(await list({ after, limit: 3 }))
          expect(page.items.length).toBeLessThanOrEqual(3)
          items.push(...page.items)
          after = page.next
          if (after === null) return items
          await meanwhile()
        }
        throw new Error('the pages have no end')
      }

      test('of machines: each that stands throughout comes once, whatever is launched and deleted between', async () => {
        // One host's memory is not enough for this many: each takes its room and leaves it.
        const made: string[] = []
        for (let n = 10; n < 20; n++) {
          const { machine } = await launched(at, n)
          must(await at.store.commit([{ do: 'allocation.release', consumer: machine }]))
          made.push(machine)
          at.clock.at++
        }
        let n = 100
        const walked = await walk(
          page => at.store.machines.list(at.scope, page),
          async () => {
            at.clock.at++
            const { machine } = await launched(at, n++)
            await at.store.commit([{ do: 'allocation.release', consumer: machine }])
          },
        )
        const ids = walked.map(m => m.id as string)
        expect(new Set(ids).size).toBe(ids.length)
        expect(ids.slice(0, made.length)).toEqual(made)
      })

      test('of operations: newest first, each once', async () => {
        const made: string[] = []
        for (let n = 10; n < 17; n++) {
          const { operation, machine } = await launched(at, n)
          must(await at.store.commit([{ do: 'allocation.release', consumer: machine }]))
          made.push(operation)
          at.clock.at++
        }
        const walked = await walk(
          page => at.store.operations.list(at.scope, null, page),
          async () => {},
        )
        expect(walked.map(o => o.id)).toEqual(made.toReversed())
      })

      test('of tags: each once, with keys and values of any letters', async () => {
        const { machine } = await launched(at, 10)
        const keys = ['a', 'b|c', 'b', "quote'", 'emoji 🌬', '%', '_', 'Z', 'é']
        must(
          await at.store.commit(
            keys.map((key): Change => ({ do: 'tag.set', project: at.project, resource: machine, key, value: key })),
          ),
        )
        const walked = await walk(
          page => at.store.tags.list(at.scope, page),
          async () => {},
        )
        expect(walked.map(t => t.key).sort()).toEqual([...keys].sort())
        expect(walked.every(t => t.key === t.value && t.alias.startsWith('i-'))).toBe(true)
      })

      test('of hosts, networks, images and key pairs: to their end', async () => {
        const changes = Array.from({ length: 7 }, (_, i): Change[] => [
          {
            do: 'key-pair.insert',
            project: at.project,
            keyPair: {
              id: at.ids.make('keyPair'),
              alias: `key-${i}`,
              name: `k${i}`,
              publicKey: 'ssh-ed25519 AAAA',
              type: 'ed25519',
              fingerprint: 'f',
            },
          },
          { do: 'host.insert', host: at.ids.make('host'), agent: at.agent, zone: at.zone, name: `more${i}` },
        ]).flat()
        must(await at.store.commit(changes))
        const nothing = async () => {}
        expect(await walk(page => at.store.keyPairs.list(at.scope, page), nothing)).toHaveLength(7)
        expect(await walk(page => at.store.hosts.list(page), nothing)).toHaveLength(9)
        expect(await walk(page => at.store.networks.list(at.scope, page), nothing)).toHaveLength(1)
        expect(await walk(page => at.store.images.list(at.scope, page), nothing)).toHaveLength(1)
      })
    })
  })
}
