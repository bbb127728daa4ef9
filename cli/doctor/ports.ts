import { createServer } from 'node:net'
import { bad, type Finding, good } from './finding.ts'

/** Where an instance listens that is not told otherwise: portal and API, EC2. */
const usual = [8_787, 8_788]

/** Whether an instance that does not run could listen. */
export async function examinePorts(): Promise<Finding> {
  const taken: number[] = []
  for (const port of usual) if (!(await isFree(port))) taken.push(port)
  return taken.length === 0
    ? good('ports', `${usual.join(' and ')} are free`)
    : bad('ports', `${taken.join(' and ')} of 127.0.0.1 is in use: see who by \`ss -ltnp\`, or start with --port`)
}

const isFree = (port: number): Promise<boolean> =>
  new Promise(free => {
    const server = createServer()
    server.once('error', () => free(false))
    server.listen(port, '127.0.0.1', () => server.close(() => free(true)))
  })
