import { statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { machine, VirtualTime } from '../../../test/support/agent-world.ts'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'
import { simulatedCompute } from './compute.ts'
import { simulatedHostIn } from './file.ts'
import { simulatedStorage } from './storage.ts'

test('machines go on while no process looks: what was due meanwhile has happened at the next opening', async () => {
  const file = join(temporaryFolder(), 'host.json')
  const time = new VirtualTime()
  const first = simulatedHostIn(file, 'sim', time)
  const compute = simulatedCompute(first, 'one')
  const wanted = machine('vm_a', { ports: [], image: { id: 'img', files: [] } })
  await simulatedStorage(first, 'one').prepare(wanted)
  await compute.define({ machine: wanted, files: { disk: 'simulated:/one/machines/vm_a/disk', seed: '' }, plugs: [] })
  expect(await compute.start('vm_a')).toEqual({ ok: true, value: undefined })
  first.close()
  expect(statSync(file).mode & 0o777).toBe(0o600)

  time.jump(60_000)
  const second = simulatedHostIn(file, 'sim', time)
  expect(second.bootId).toBe(first.bootId)
  await time.pass(1)
  const again = simulatedCompute(second, 'one')
  expect(await again.list()).toMatchObject({ value: [{ id: 'vm_a', power: 'running' }] })
  const log = await again.consoleLog('vm_a')
  expect(log.ok && new TextDecoder().decode(log.value)).toContain('login:')
  second.close()
})
