import AxeBuilder from '@axe-core/playwright'
import type { Page } from '@playwright/test'
import { totpOf } from '../../support/totp.ts'
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
  test.setTimeout(180_000)
  const { url, world } = memory
  await showPassword(page, url)
  await expect(machines(page)).toBeVisible()
  await page.goto(`${url}/settings`)
  await page.getByRole('button', { name: 'Set up codes by an app' }).click()
  await expect(page.getByRole('img', { name: 'QR code' })).toBeVisible()
  const secret = (await page.getByRole('dialog').locator('code').textContent()) ?? ''
  const shown = (ahead = 0) => totpOf(secret, world.rows.clock.at + ahead * 30_000)
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
  test.setTimeout(120_000)
  for (let i = 0; i < 5; i++) {
    await showPassword(page, memory.url, 'wrong')
    await expect(page.getByRole('alert')).toContainText('E-mail and password do not match.')
  }
  await showPassword(page, memory.url)
  await expect(page.getByRole('alert')).toContainText(/try again in [12] seconds/)
})

test('a passkey is added, signs in without a password, is renamed and removed', async ({ page, memory }) => {
  test.setTimeout(180_000)
  const { url } = memory
  const device = await page.context().newCDPSession(page)
  await device.send('WebAuthn.enable')
  const { authenticatorId } = await device.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  })
  await showPassword(page, url)
  await expect(machines(page)).toBeVisible()
  await page.goto(`${url}/settings`)
  await page.getByRole('button', { name: 'Add a passkey' }).click()
  await page.getByRole('textbox', { name: 'Name' }).fill('laptop')
  await page.getByRole('dialog').getByRole('button', { name: 'Add a passkey' }).click()
  const kept = page.getByRole('list', { name: 'Passkeys' }).getByRole('listitem')
  await expect(kept).toContainText(['laptop'])
  const { credentials } = await device.send('WebAuthn.getCredentials', { authenticatorId })
  expect(credentials).toMatchObject([{ rpId: 'localhost', isResidentCredential: true }])
  await page.getByRole('button', { name: 'Sign out' }).click()

  await page.getByRole('button', { name: 'Use a passkey' }).click()
  await expect(machines(page)).toBeVisible()
  await page.goto(`${url}/settings`)
  await expect(kept).toContainText(['Last used'])
  await kept.getByRole('button', { name: 'Rename' }).click()
  await page.getByRole('textbox', { name: 'Name' }).fill('desk')
  await page.getByRole('dialog').getByRole('button', { name: 'Rename' }).click()
  await expect(kept).toContainText(['desk'])
  await page.getByRole('button', { name: 'Remove desk' }).click()
  await page.getByRole('alertdialog').getByRole('button', { name: 'Remove' }).click()
  await expect(kept).toHaveCount(0)
  await page.getByRole('button', { name: 'Sign out' }).click()

  await page.getByRole('button', { name: 'Use a passkey' }).click()
  await expect(page.getByRole('alert')).toContainText('this passkey is not known here')
  // A person that the device does not know.
  await device.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false })
  await page.getByRole('button', { name: 'Use a passkey' }).click()
  await expect(page.getByRole('alert')).toContainText('The device or browser did not go on')
})
