import { createInterface } from 'node:readline'
import { linuxNetworks } from '@sirocco/agent/network/networks.ts'
import { type Run, run } from '@sirocco/agent/programs/run.ts'

// The networks of a host that is a namespace of its own: this process runs in it. Each line it reads is what is wanted there; it answers by
// what came of it, and by the commands that it took.
const [, , instance = '', tag = '', dir = '', underlay = ''] = process.argv
let changes: string[] = []
const recording: Run = (program, args, stdin) => {
  const reads = args.includes('show') || (['nft', 'nsenter'].includes(program) && args.includes('list'))
  if (!reads) changes.push([program, ...args, stdin ?? ''].join(' '))
  return run(program, args, stdin)
}
for await (const line of createInterface({ input: process.stdin })) {
  changes = []
  // Another life each time: nothing is remembered.
  const networks = linuxNetworks({ instance, tag, dir, underlay: underlay === '' ? null : underlay, run: recording })
  const result = await networks.apply(JSON.parse(line))
  process.stdout.write(`${JSON.stringify({ result, changes })}\n`)
}
