import { readFileSync } from 'node:fs'
import { test as base, expect, type Page } from '@playwright/test'
import { type Fake, type FakeOptions, password, startFake } from './fake.ts'

interface Place {
  readonly url: string
  readonly email: string
  readonly password: string
}

/** `SIROCCO_READY` names the ready.json of a running instance: journeys run against it; everything else against the fake. */
export const ready = process.env.SIROCCO_READY

/** A portal to visit; each test has its own fake control plane. */
export const test = base.extend<{ world: FakeOptions; fake: Fake; place: Place; quiet: undefined }>({
  world: [{ scene: 'busy' }, { option: true }],
  fake: async ({ world }, use) => {
    const fake = await startFake(world)
    await use(fake)
    await fake.close()
  },
  place: async ({ fake }, use) => {
    await use(ready === undefined ? { url: fake.url, email: 'ada@example.org', password } : placeOf(ready))
  },
  // No page may break the content security policy, throw, or write an error, whatever the test is about.
  quiet: [
    async ({ page }, use) => {
      const heard: string[] = []
      page.on('pageerror', error => heard.push(error.message))
      page.on('console', message => {
        // The browser itself reports refused requests, which are what some tests are about.
        if (message.type() === 'error' && !/Failed to load resource|WebSocket connection/.test(message.text()))
          heard.push(message.text())
      })
      await use(undefined)
      expect(heard).toEqual([])
    },
    { auto: true },
  ],
})

export { expect }

function placeOf(file: string): Place {
  const said: { url: string; admin: { email: string; password: string } } = JSON.parse(readFileSync(file, 'utf8'))
  return { url: said.url, ...said.admin }
}

/** Signs in by password at the portal's first page. */
export async function signIn(page: Page, place: Place): Promise<void> {
  await page.goto(place.url)
  await page.getByLabel('E-mail').fill(place.email)
  await page.getByLabel('Password').fill(place.password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page.getByRole('heading', { name: 'Machines', level: 1 })).toBeVisible()
}

/** A session cookie without the form, for tests that are not about it. */
export async function arrive(page: Page, fake: Fake, path = '/machines'): Promise<void> {
  await page.context().addCookies([{ name: 'sirocco_session', value: '1', url: fake.url }])
  await page.goto(fake.url + path)
}
