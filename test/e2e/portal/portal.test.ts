import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { buildPortal, portalIsBuilt } from '@sirocco/local/portal.ts'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { Instance } from '../../support/instance.ts'

/** Of Playwright's JSON report. */
const Spec = z.object({
  title: z.string(),
  file: z.string(),
  ok: z.boolean(),
  tests: z.array(z.object({ results: z.array(z.object({ error: z.object({ message: z.string() }).optional() })) })),
})
interface Suite {
  readonly title: string
  readonly specs: readonly z.output<typeof Spec>[]
  readonly suites?: readonly Suite[] | undefined
}
const Suite: z.ZodType<Suite> = z.lazy(() =>
  z.object({ title: z.string(), specs: z.array(Spec), suites: z.array(Suite).optional() }),
)
const Report = z.object({ suites: z.array(Suite), errors: z.array(z.object({ message: z.string() })) })

/** ms for all specs together; they take two minutes on a busy machine. */
const atMost = 8 * 60_000

// Found by a run of its own, this file would start itself without end; the configuration leaves it out, and this makes sure.
if (process.env.SIROCCO_READY !== undefined) throw new Error('the specs of the portal run already')

/** Runs the specs in a browser once, their journeys against a whole simulated instance; each then counts as a test here. */
async function run(): Promise<z.output<typeof Report>> {
  if (!portalIsBuilt()) {
    const trouble = await buildPortal()
    if (trouble !== undefined) throw new Error(`the portal does not build: ${trouble}`)
  }
  const instance = await Instance.start({ simulated: 1 })
  try {
    const playwright = createRequire(import.meta.url).resolve('@playwright/test/cli')
    const config = join(import.meta.dirname, 'playwright.config.ts')
    const child = spawn(process.execPath, [playwright, 'test', '-c', config, '--reporter=json'], {
      env: { ...process.env, SIROCCO_READY: join(instance.data, 'ready.json') },
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: atMost,
    })
    let output = ''
    child.stdout.on('data', chunk => {
      output += String(chunk)
    })
    await new Promise(resolve => child.once('close', resolve))
    return Report.parse(JSON.parse(output))
  } finally {
    await instance.dispose()
  }
}

const { suites, errors } = await run()

describe('the portal in a browser', () => {
  it('was tried', () => {
    expect(errors).toEqual([])
    expect(suites.length).toBeGreaterThan(0)
  })
  tell(suites)
})

function tell(suites: readonly Suite[]): void {
  for (const suite of suites)
    describe(suite.title, () => {
      for (const spec of suite.specs)
        it(spec.title, () => {
          const said = spec.tests.flatMap(test => test.results.flatMap(result => result.error?.message ?? []))
          expect(spec.ok ? [] : [...said, 'failed']).toEqual([])
        })
      tell(suite.suites ?? [])
    })
}
