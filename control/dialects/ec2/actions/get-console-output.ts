import { consoleLog } from '../../../services/machines/console-log.ts'
import { action } from '../action.ts'
import { flag, instanceId } from '../parameters.ts'
import { renderTime } from '../render/time.ts'

const parameters = { InstanceId: instanceId, Latest: flag.optional() }

/** GetConsoleOutput: always the latest, asked of the host now; base64, as EC2's. */
export const GetConsoleOutput = action(
  { right: 'machines.console-log', noun: 'instance', parameters },
  async (request, { InstanceId }) => {
    const { base64, at } = await request.call(consoleLog, { machine: InstanceId })
    return { instanceId: InstanceId, timestamp: renderTime(at), output: base64 }
  },
)
