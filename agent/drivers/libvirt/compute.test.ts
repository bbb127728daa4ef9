import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Timers } from '@sirocco/shared/kit/clock.ts'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Compute } from '../../ports/compute.ts'
import { libvirtCompute } from './compute.ts'
import { domainUuid, metadataNamespace } from './identity.ts'
import { errorPayload, FakeLibvirtd, lifecyclePacket, nothing, polite, rebootPacket } from './rpc/fake-libvirtd.ts'
import { type Domain, procedures, readDomain, stoppedEvent, writeDomain } from './rpc/procedures.ts'
import { XdrReader, XdrWriter } from './rpc/xdr.ts'

/** A domain of the fake: `state` and `reason` as libvirt numbers them. */
interface FakeDomain extends Domain {
  mark: { instance: string; id: string; shape: string } | null
  state: number
  reason: number
}

const own = (id: string, change: Partial<FakeDomain> = {}): FakeDomain => ({
  name: `sirocco-abc-${id}`,
  uuid: domainUuid('mine', id),
  id: -1,
  mark: { instance: 'mine', id, shape: 's' },
  state: 5,
  reason: 0,
  ...change,
})

let domains: FakeDomain[] = []
/** What a domain is found to be when its start is refused. */
let stateAtStart = 5
let called: number[] = []
/** What libvirtd says when a guest was asked to restart. */
let atReboot: (domain: FakeDomain) => Buffer | null = () => null
let fake: FakeLibvirtd
let compute: Compute
let dir = ''
/** Pauses the session asked for; it waits for none. */
let pauses: number[] = []

const clock: Timers = {
  now: () => 0,
  after(ms, run) {
    // Deadlines and beats never come due here; pauses between joins end at once.
    if (ms === 10_000 || ms >= 60_000) return { cancel: () => undefined }
    pauses.push(ms)
    const timer = setImmediate(run)
    return { cancel: () => clearImmediate(timer) }
  },
}

beforeEach(async () => {
  domains = []
  stateAtStart = 5
  called = []
  atReboot = () => null
  pauses = []
  dir = await mkdtemp(join(tmpdir(), 'flc-'))
  fake = await FakeLibvirtd.start(
    polite(packet => {
      called.push(packet.procedure)
      const reader = new XdrReader(packet.payload)
      if (packet.procedure === procedures.domains.number) {
        const writer = new XdrWriter().uint(domains.length)
        for (const domain of domains) writeDomain(writer, domain)
        return writer.bytes()
      }
      const uuid = packet.procedure === procedures.lookup.number ? reader.fixed(16) : readDomain(reader).uuid
      const domain = domains.find(one => one.uuid.equals(uuid))
      if (!domain) return { error: errorPayload(42, 'no domain') }
      if (packet.procedure === procedures.lookup.number) return writeDomain(new XdrWriter(), domain).bytes()
      if (packet.procedure === procedures.state.number) return new XdrWriter().int(domain.state).int(domain.reason).bytes()
      if (packet.procedure === procedures.saved.number) return new XdrWriter().int(0).bytes()
      if (packet.procedure === procedures.metadata.number) {
        if (!domain.mark) return { error: errorPayload(80, 'no metadata') }
        const { instance, id, shape } = domain.mark
        return new XdrWriter()
          .string(`<m:machine xmlns:m='${metadataNamespace}' instance='${instance}' id='${id}' shape='${shape}'/>`)
          .bytes()
      }
      if (packet.procedure === procedures.reboot.number) {
        const told = atReboot(domain)
        if (told === null) return { error: errorPayload(55, 'the guest has no power button') }
        for (const socket of fake.joined) socket.write(told)
      }
      if (packet.procedure === procedures.start.number) domain.state = stateAtStart
      if (packet.procedure === procedures.start.number) return { error: errorPayload(55, 'domain is already running') }
      return nothing
    }),
  )
  compute = libvirtCompute({
    socket: fake.socket,
    uri: 'qemu:///system',
    instance: 'mine',
    tag: 'abc',
    logDir: join(dir, 'logs'),
    stateDir: dir,
    qemuLogDir: join(dir, 'qemu'),
    clock,
  })
})
afterEach(async () => {
  await compute.close()
  await fake.close()
  await rm(dir, { recursive: true, force: true })
})

test('only domains with our mark are seen, whatever others are called', async () => {
  domains = [
    own('vm_1', { state: 1, reason: 1, id: 3 }),
    own('vm_2', { mark: null }),
    own('vm_3', { mark: { instance: 'theirs', id: 'vm_3', shape: 's' } }),
    own('vm_4', { mark: { instance: 'mine', id: 'vm_1', shape: 's' } }),
  ]
  expect(await compute.list()).toEqual({
    ok: true,
    value: [{ id: 'vm_1', power: 'running', cause: 'unknown', shape: 's', run: '3' }],
  })
  expect(await compute.start('vm_2')).toMatchObject({ ok: false, fault: { code: 'not_found' } })
  expect(await compute.cut('vm_3')).toMatchObject({ ok: true })
  expect(called).not.toContain(procedures.destroy.number)
})

test('a refused start is success only when the machine runs by then', async () => {
  domains = [own('vm_1')]
  expect(await compute.start('vm_1')).toMatchObject({ ok: false, fault: { code: 'precondition' } })
  stateAtStart = 1
  expect(await compute.start('vm_1')).toMatchObject({ ok: true })
})

test('a machine that runs is not undefined', async () => {
  domains = [own('vm_1', { state: 1, id: 1 })]
  expect(await compute.undefine('vm_1')).toMatchObject({ ok: false, fault: { code: 'precondition' } })
  expect(called).not.toContain(procedures.undefine.number)
})

test('what QEMU said of a machine goes with its definition, also when that was gone already; of others it stays', async () => {
  const logs = join(dir, 'qemu')
  const names = ['sirocco-abc-vm_1.log', 'sirocco-abc-vm_1.log.0', 'renamed.log', 'sirocco-abc-vm_2.log', 'sirocco-abc-vm_11.log']
  const left = async () => (await readdir(logs)).sort()
  await mkdir(logs)
  for (const name of names) await writeFile(join(logs, name), '')
  expect(await compute.undefine('vm_1')).toMatchObject({ ok: true })
  expect(await left()).toEqual(['renamed.log', 'sirocco-abc-vm_11.log', 'sirocco-abc-vm_2.log'])
  domains = [own('vm_1', { name: 'renamed' })]
  expect(await compute.undefine('vm_1')).toMatchObject({ ok: true })
  expect(await left()).toEqual(['sirocco-abc-vm_11.log', 'sirocco-abc-vm_2.log'])
})

test('no name of a domain leads out of the directory of QEMU’s logs', async () => {
  await mkdir(join(dir, 'qemu'))
  await writeFile(join(dir, 'other.log'), '')
  domains = [own('vm_1', { name: '../other' })]
  expect(await compute.undefine('vm_1')).toMatchObject({ ok: true })
  expect(await readdir(dir)).toContain('other.log')
})

test('a guest that restarts when it is asked is not reset; one that cannot be asked is', async () => {
  domains = [own('vm_1', { state: 1, id: 1 })]
  atReboot = ({ name, uuid }) => rebootPacket(name, uuid)
  expect(await compute.reboot('vm_1')).toEqual({ ok: true, value: undefined })
  expect(called).not.toContain(procedures.reset.number)
  atReboot = () => null
  expect(await compute.reboot('vm_1')).toEqual({ ok: true, value: undefined })
  expect(called).toContain(procedures.reset.number)
})

test('a guest that was stopped while it was to restart is not reset', async () => {
  domains = [own('vm_1', { state: 1, id: 1 })]
  atReboot = ({ name, uuid }) => lifecyclePacket(name, uuid, stoppedEvent)
  expect(await compute.reboot('vm_1')).toMatchObject({ ok: false, fault: { code: 'precondition' } })
  expect(called).not.toContain(procedures.reset.number)
})

test('changes of our machines are told, those of others are not', async () => {
  const machine = own('vm_1', { state: 1, id: 1 })
  const stranger = own('vm_9', { mark: null })
  domains = [machine, stranger]
  const told: (string | null)[] = []
  compute.watch(id => told.push(id))
  await vi.waitFor(() => expect(told).toEqual([null]))
  for (const socket of fake.joined)
    for (const domain of [stranger, machine]) socket.write(lifecyclePacket(domain.name, domain.uuid, 2))
  await vi.waitFor(() => expect(told).toEqual([null, 'vm_1']))
})

test('libvirtd dies and comes back: calls meanwhile are unavailable, then the watcher is told that anything may have changed', async () => {
  domains = [own('vm_1')]
  const told: (string | null)[] = []
  compute.watch(id => told.push(id))
  await vi.waitFor(() => expect(told).toEqual([null]))
  await fake.die()
  await vi.waitFor(async () => expect(await compute.list()).toMatchObject({ ok: false, fault: { code: 'unavailable' } }))
  await vi.waitFor(() => expect(pauses.length).toBeGreaterThan(2))
  expect(pauses.slice(0, 3)).toEqual([250, 500, 1_000])
  await fake.listen()
  await vi.waitFor(() => expect(told).toEqual([null, null]))
  expect(await compute.list()).toMatchObject({ ok: true, value: [{ id: 'vm_1' }] })
})
