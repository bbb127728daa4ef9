import { memoryDatabase } from '../../simulation/world/client.ts'
import { describeStore } from '../store.ts'

describeStore('native libSQL in memory', async () => {
  const client = memoryDatabase()
  return { client, close: async () => client.close() }
})
