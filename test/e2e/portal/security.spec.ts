import AxeBuilder from '@axe-core/playwright'
import type { Page } from '@playwright/test'
import { Secret, TOTP } from 'otpauth'
import { type Memory, startMemory } from './memory.ts'
import { test as base, expect } from './place.ts'

const email = 'admin@example.org'
const password = 'correct horse battery'

const test = base.extend<{ memory: Memory }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads what a fixture needs from its first parameter
  memory: async ({}, use) => {
    const memory = await startMemory()
    await memory.world.password(password)
    await use(memory)
    await memory.close()
  },
})

async function showPassword(page: Page, url: string, given = password): Promise<void> {
  await page.goto(`${url}/sign-in`)
  await page.getByLabel('E-mail').fill(email)
  await page.getByLabel('Password').fill(given)
  await page.keyboard.press('Enter')
}
const machines = (page: Page) => page.getByRole('heading', { name: 'Machines', level: 1 })

test('codes by an app are set up, asked for, and turned off', async ({ page, memory }) => {
  const { url, world } = memory
  await showPassword(page, url)
  await expect(machines(page)).toBeVisible()
  await page.goto(`${url}/settings`)
  await page.getByRole('button', { name: 'Set up codes by an app' }).click()
  await expect(page.getByRole('img', { name: 'QR code' })).toBeVisible()
  const secret = Secret.fromBase32((await page.getByRole('dialog').locator('code').textContent()) ?? '')
  const shown = (ahead = 0) => TOTP.generate({ secret, timestamp: world.rows.clock.at + ahead * 30_000 })
  await page.getByRole('textbox', { name: 'Code' }).fill('12')
  await page.getByRole('button', { name: 'Turn on' }).click()
  await expect(page.getByRole('textbox', { name: 'Code' })).toHaveAccessibleDescription(
    'Enter the six digits that your app shows.',
  )
  await page.getByRole('textbox', { name: 'Code' }).fill(shown())
  await page.getByRole('button', { name: 'Turn on' }).click()
  const codes = page.getByRole('list', { name: 'Recovery codes' }).getByRole('listitem')
  await expect(codes).toHaveCount(10)
  expect((await new AxeBuilder({ page }).analyze()).violations.map(({ id }) => id)).toEqual([])
  const paper = (await codes.first().textContent()) ?? ''
  await page.getByRole('button', { name: 'I have kept them' }).click()
  await expect(page.getByText('10 recovery codes left')).toBeVisible()
  await page.getByRole('button', { name: 'Sign out' }).click()

  await showPassword(page, url)
  await expect(page.getByRole('heading', { name: 'One more step' })).toBeVisible()
  await expect(page.getByRole('textbox', { name: 'Code' })).toBeFocused()
  await page.getByRole('textbox', { name: 'Code' }).fill('000000')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('alert')).toContainText('this code is not right')
  await page.getByRole('textbox', { name: 'Code' }).fill(shown(1))
  await page.keyboard.press('Enter')
  await expect(machines(page)).toBeVisible()
  await page.getByRole('button', { name: 'Sign out' }).click()

  await showPassword(page, url)
  await page.getByRole('textbox', { name: 'Code' }).fill(paper)
  await page.keyboard.press('Enter')
  await expect(machines(page)).toBeVisible()
  await page.goto(`${url}/settings`)
  await expect(page.getByText('9 recovery codes left')).toBeVisible()
  await page.getByRole('button', { name: 'Turn off' }).click()
  await page.getByRole('alertdialog').getByRole('button', { name: 'Turn off' }).click()
  await expect(page.getByText('Off: your password alone signs you in.')).toBeVisible()
})

test('who tries too often is told for how long to wait', async ({ page, memory }) => {
  for (let i = 0; i < 5; i++) {
    await showPassword(page, memory.url, 'wrong')
    await expect(page.getByRole('alert')).toContainText('E-mail and password do not match.')
  }
  await showPassword(page, memory.url)
  await expect(page.getByRole('alert')).toContainText(/try again in [12] seconds/)
})
