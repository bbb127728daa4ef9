import { Instance } from '../support/instance.ts'
import { all, anyImage, type Ec2, ec2Client } from './ec2.ts'
import { type Figure, figure } from './figure.ts'

const runs = 10
const machines = 1_000
/** Of one RunInstances. */
const burst = 50
const clients = 16
const throughputMs = 2_000

const timed = async (run: () => Promise<unknown>): Promise<number> => {
  const start = performance.now()
  await run()
  return performance.now() - start
}

async function launchAll(ec2: Ec2): Promise<void> {
  const image = await anyImage(ec2)
  for (let made = 0; made < machines; made += burst)
    await ec2('RunInstances', { ImageId: image, InstanceType: 't3.pico', MinCount: String(burst), MaxCount: String(burst) })
  for (const end = performance.now() + 180_000; ; ) {
    const xml = await ec2('DescribeInstances', {
      'Filter.1.Name': 'instance-state-name',
      'Filter.1.Value.1': 'pending',
      MaxResults: '5',
    })
    if (all(xml, 'instanceId').length === 0) return
    if (performance.now() > end) throw new Error('not all machines come to run within three minutes')
    await new Promise(resolve => setTimeout(resolve, 500))
  }
}

/** How many times a second `clients` at once get an answer. */
async function perSecond(run: () => Promise<unknown>): Promise<number> {
  let answers = 0
  const start = performance.now()
  const end = start + throughputMs
  await Promise.all(
    Array.from({ length: clients }, async () => {
      while (performance.now() < end) {
        await run()
        answers++
      }
    }),
  )
  return (1_000 * answers) / (performance.now() - start)
}

/** DescribeInstances of 1,000 machines, and signed DescribeInstances of 10 per second; beside the plainest answer of the same server. */
export async function describe(): Promise<Figure[]> {
  const instance = await Instance.start({ simulated: 8 })
  try {
    const { ec2: access, url } = instance.ready
    const ec2 = ec2Client(access)
    await launchAll(ec2)
    const health = async () => (await fetch(new URL('/healthz', url))).text()
    const whole: number[] = []
    const plain: number[] = []
    for (let i = 0; i < runs; i++) {
      whole.push(await timed(() => ec2('DescribeInstances', { MaxResults: String(machines) })))
      plain.push(await timed(health))
    }
    const ten: number[] = []
    const floor: number[] = []
    for (let i = 0; i < runs; i++) {
      ten.push(await perSecond(() => ec2('DescribeInstances', { MaxResults: '10' })))
      floor.push(await perSecond(health))
    }
    return [figure('describe-1000', 'ms', whole, plain), figure('describe-10', '1/s', ten, floor)]
  } finally {
    await instance.dispose()
  }
}
