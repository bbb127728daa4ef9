import { expect, test } from 'vitest'
import { parsePrometheus } from '../../../test/support/prometheus.ts'
import { exposition } from './exposition.ts'
import { familiesOf } from './families.ts'

const zone = {
  linked: 2,
  silent: 1,
  cpus: 8,
  memoryMiB: 2,
  diskMiB: 1,
  freeVcpus: 60,
  freeMemoryMiB: 1,
  freeDiskMiB: 1,
  orphans: 0,
}

test('what is written is read back, whatever a zone is called', () => {
  const name = 'a"b\\c\nd}, e="f'
  const families = familiesOf({
    operations: { running: 1, parked: 2, undoing: 0, stuck: 3 },
    overdueMs: 1_500,
    zones: [{ zone: name, ...zone }],
  })
  const samples = parsePrometheus(exposition(families))
  expect(samples).toContainEqual({ name: 'sirocco_operations', labels: { state: 'stuck' }, value: 3 })
  expect(samples).toContainEqual({ name: 'sirocco_operations_overdue_seconds', labels: {}, value: 1.5 })
  expect(samples).toContainEqual({ name: 'sirocco_hosts_memory_bytes', labels: { zone: name }, value: 2_097_152 })
})
