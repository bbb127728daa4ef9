import { Instance } from '../support/instance.ts'
import { Ec2, instancesIn } from './ec2.ts'
import { type Figure, figure, repeated } from './figure.ts'

/** What one answer without paging holds at most. */
const many = 1_000
const few = 10
const hosts = 70
/** Requests of one burst, and how many of them are under way at once. */
const burst = 300
const abreast = 16

/** DescribeInstances of an instance that has 1,000 machines, all at once; and of 10 of them by id, many clients at once. Signed, both. */
export async function describeMachines(runs: number): Promise<Figure[]> {
  const instance = await Instance.start({ simulated: hosts })
  const ec2 = new Ec2(instance.ready)
  try {
    const machines: string[] = []
    for (let made = 0; made < many; made += 100) machines.push(...(await ec2.launch(100)))

    let bytes = 0
    const whole = await repeated(runs + 1, async () => {
      const prepared = ec2.prepare('DescribeInstances')
      const before = performance.now()
      const answer = await ec2.send(prepared)
      const took = performance.now() - before
      if (instancesIn(answer).length !== many) throw new Error(`of ${many} machines ${instancesIn(answer).length} are described`)
      bytes = Buffer.byteLength(answer)
      return took
    })

    const ids = Object.fromEntries(machines.slice(0, few).map((id, at) => [`InstanceId.${at + 1}`, id]))
    const rates = await repeated(runs + 1, async () => {
      const requests = Array.from({ length: burst }, () => ec2.prepare('DescribeInstances', ids))
      const before = performance.now()
      const queue = requests.values()
      const client = async () => {
        for (const prepared of queue) await ec2.send(prepared)
      }
      await Promise.all(Array.from({ length: abreast }, client))
      return burst / ((performance.now() - before) / 1_000)
    })
    return [
      figure('describe.1000', 'ms', whole.slice(1)),
      figure('describe.1000.size', 'KiB', [bytes / 1_024]),
      figure('describe.10', '1/s', rates.slice(1)),
    ]
  } finally {
    ec2.close()
    await instance.dispose()
  }
}
