import { ok } from '@sirocco/shared/kit/fault.ts'
import { z } from 'zod'
import { Ref } from '../inputs.ts'
import { read } from '../verb.ts'

/** What the serial console printed, at most its last `limits.consoleLog` bytes, in base64; asked of the host now. */
export const consoleLog = read('machines.console-log', {
  input: z.object({ machine: Ref }),
  async run({ store, scope, links, ids, clock }, { machine: ref }) {
    const found = await store.machines.find(scope, [ref])
    if (!found.ok) return found
    const [machine] = found.value
    if (!machine?.host) return ok({ base64: '', at: clock.now() })
    const answer = await links.ask({
      id: ids.make('command'),
      host: machine.host,
      body: { do: 'console-log', machine: machine.id },
    })
    return answer.ok ? ok({ base64: answer.value, at: clock.now() }) : answer
  },
})
