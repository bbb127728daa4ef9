import { describe, expect, test } from 'vitest'
import { mutants } from './mutants.ts'
import { runWorld } from './world/world.ts'

describe('a planted bug is found', () => {
  test.each(mutants.map(mutant => [mutant.name, mutant] as const))(
    '%s',
    async (_, { make, found, within, first = 1, crashes, losses, hosts = 3 }) => {
      const seen: string[] = []
      for (let seed = first; seed <= within; seed++)
        for (const crashAt of crashes ?? [undefined]) {
          const { violation } = await runWorld({
            seed,
            hosts,
            steps: 40,
            mutations: make(),
            ...(crashAt ? { crashAt } : {}),
            ...(losses ? { losses } : {}),
          })
          if (violation !== null) seen.push(`${seed}: ${violation}`)
          if (violation !== null && found.test(violation)) return
        }
      expect.fail(`not found in seeds ${first} to ${within}; seen: ${seen.join('\n') || 'nothing'}`)
    },
  )
})
