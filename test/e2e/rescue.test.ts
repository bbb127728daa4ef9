import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { type Box, openBox, whyNotReal } from '../support/box.ts'
import { Instance } from '../support/instance.ts'
import { until } from '../support/until.ts'
import { type Key, makeKey } from './keys.ts'

const run = promisify(execFile)
const why = whyNotReal()

const Machine = z.object({
  id: z.string(),
  state: z.string(),
  addresses: z.array(z.string()),
  rescue: z.object({ volume: z.string() }).nullable(),
  volumes: z.array(z.object({ id: z.string(), device: z.string() })),
})
const Launched = z.object({ machines: z.array(Machine) })
const Images = z.object({ items: z.array(z.object({ id: z.string() })) })

/** Where the test writes: behind whatever a file system of the guest's disk may use. */
const mark = 1_535 * 2_048

describe.skipIf(why !== null)(`rescue of a real guest${why === null ? '' : ` (${why})`}`, () => {
  let box: Box
  let one: Instance
  let key: Key
  let machine = ''
  let address = ''
  let own = ''
  let tokens = 0

  const ask = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const answer = await one.insist(method, path, body, `t${++tokens}`)
    expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(300)
    return answer.body
  }
  const look = async () => Machine.parse(await ask('GET', `/machines/${machine}`))
  const guest = (command: string) => key.ssh(address, command)
  const hears = () => until('ssh', () => guest('hostname'), 150_000)
  const stopped = async () => {
    await ask('POST', `/machines/${machine}/stop`, { force: true })
    await until('it to be stopped', async () => ((await look()).state === 'stopped' ? true : null))
  }
  /** What the guest calls its own disk, once it is given that: by the serial number. */
  const ownDisk = () =>
    until(
      'its own disk',
      async () => {
        const found = await guest(`grep -l ${own.slice(4)} /sys/block/vd*/serial || true`)
        return /vd[a-z]+/.exec(found)?.[0] ?? null
      },
      120_000,
    )
  /** Every file of its own disk, by what is in it. */
  const content = async () => {
    const home = join(one.agent.storage, 'volumes', own)
    const [program, ...words] = box.inside('/bin/sh', '-c', 'cd "$1" && sha256sum -- *.qcow2', 'sh', home)
    return (await run(program, words)).stdout
  }

  beforeAll(async () => {
    // Seconds; this guest's kernel has found its root by then, also where no processor helps QEMU.
    process.env.SIROCCO_RESCUE_BOOT = '20'
    box = await openBox()
    key = await makeKey(box.dir)
    one = await Instance.start({ box, name: 'rescue' })
    await ask('POST', '/key-pairs', { name: 'mine', publicKey: key.publicKey })
    const image = Images.parse(await ask('GET', '/images')).items[0]?.id
    const body = {
      name: 'ill',
      image,
      flavor: 't3.pico',
      keyPair: 'mine',
      rootDiskMiB: 1_536,
      volumes: [{ sizeMiB: 64, device: 'vdf' }],
    }
    const [launched] = Launched.parse(await ask('POST', '/machines', body)).machines
    machine = launched?.id ?? ''
    address = launched?.addresses[0] ?? ''
    own = launched?.volumes.find(({ device }) => device === 'vda')?.id ?? ''
    await hears()
  })
  afterAll(async () => {
    delete process.env.SIROCCO_RESCUE_BOOT
    await one?.dispose()
    await box?.close()
  })

  test('a volume that it was launched with is there', async () => {
    expect(await guest('cat /sys/block/vdc/size')).toBe(`${64 * 2_048}`)
    await guest(`echo mine | dd of=/dev/vda bs=512 seek=${mark} conv=sync,fsync`)
    expect(await one.audit()).toEqual([])
  })

  test('it boots from a fresh disk and is given its own when it has booted, byte for byte', { timeout: 300_000 }, async () => {
    await stopped()
    const before = await content()
    await ask('POST', `/machines/${machine}/rescue`, {})
    await until('it to be in rescue', async () => ((await look()).rescue && (await look()).state === 'running' ? true : null))
    await hears()
    const disk = await ownDisk()
    // Its kernel had found what it boots from, and begun its first process, when the disk came.
    expect(await guest(`dmesg | grep -oE 'Run /[a-z/]*init |\\[${disk}\\] [0-9]+ 512-byte' | tail -1`)).toContain(`[${disk}]`)
    expect(await guest(`cat /sys/block/${disk}/size`)).toBe(`${1_536 * 2_048}`)
    expect(await guest(`dd if=/dev/${disk} bs=512 skip=${mark} count=1 2>/dev/null | head -c 4`)).toBe('mine')
    expect(await guest('cat /sys/block/vdc/size')).toBe(`${64 * 2_048}`)
    expect(await one.audit()).toEqual([])
    await stopped()
    expect(await content()).toEqual(before)
  })

  test('stopped and started it is in rescue still, also where its agent dies meanwhile', { timeout: 300_000 }, async () => {
    await ask('POST', `/machines/${machine}/start`, {})
    await one.kill('agent')
    await hears()
    expect((await look()).rescue).not.toBeNull()
    expect(await guest(`cat /sys/block/${await ownDisk()}/size`)).toBe(`${1_536 * 2_048}`)
    expect(await one.audit()).toEqual([])
  })

  test('what is written to its disk in rescue is there when it boots from it again, and the other disk is gone', async () => {
    const { rescue } = await look()
    await guest(`echo mend | dd of=/dev/${await ownDisk()} bs=512 seek=${mark} conv=sync,fsync`)
    await ask('POST', `/machines/${machine}/unrescue`)
    await until('it to have left rescue', async () => {
      const { rescue: now, state } = await look()
      return now === null && state === 'running' ? true : null
    })
    await hears()
    expect(await guest(`dd if=/dev/vda bs=512 skip=${mark} count=1 2>/dev/null | head -c 4`)).toBe('mend')
    expect((await look()).volumes.map(({ device }) => device).sort()).toEqual(['vda', 'vdf'])
    await until('the other disk to be gone', async () => {
      const { state } = z.object({ state: z.string() }).parse(await ask('GET', `/volumes/${rescue?.volume}`))
      return state === 'gone' ? true : null
    })
    expect(await one.audit()).toEqual([])
  })
})
