import AxeBuilder from '@axe-core/playwright'
import type { Page } from '@playwright/test'
import { clients, startIdentityProvider } from '../../support/identity-provider.ts'
import { outwardWith } from '../../support/outward.ts'
import { totpOf } from '../../support/totp.ts'
import { type Memory, startMemory } from './memory.ts'
import { test as base, expect } from './place.ts'

const email = 'admin@example.org'
const password = 'correct horse battery'

const test = base.extend<{ memory: Memory }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads what a fixture needs from its first parameter
  memory: async ({}, use) => {
    const memory = await startMemory({ outward: outwardWith(['127.0.0.0/8']) })
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

test('an identity provider is set up, signs somebody in, is linked and unlinked', async ({ page, memory }) => {
  test.setTimeout(180_000)
  const { url } = memory
  const there = await startIdentityProvider(`${url}/sign-in/back`)
  there.accounts.set('ada', { email: 'ada@example.org', email_verified: true, groups: ['engineers'] })
  const agree = async (name: string): Promise<void> => {
    await page.locator('input[name=login]').fill(name)
    await page.locator('input[name=password]').fill('any')
    await page.getByRole('button', { name: 'Sign-in' }).click()
    await page.getByRole('button', { name: 'Continue' }).click()
  }
  await showPassword(page, url)
  await expect(machines(page)).toBeVisible()
  await page.goto(`${url}/settings`)
  await page.getByRole('button', { name: 'Add a provider' }).click()
  const fields = {
    Name: 'Example',
    Issuer: there.issuer,
    'Client id': clients.ours.client_id,
    'Client secret': clients.ours.client_secret,
  }
  const dialog = page.getByRole('dialog')
  for (const [label, value] of Object.entries(fields)) await dialog.getByLabel(label, { exact: true }).fill(value)
  await dialog.getByLabel('Scopes').fill('openid email groups')
  await dialog.getByLabel('What groups give').fill('engineers, demo, admin')
  await dialog.getByRole('button', { name: 'Add a provider' }).click()
  await expect(dialog.getByLabel('What groups give')).toHaveAccessibleDescription(/One line each: group, project, role/)
  await dialog.getByLabel('What groups give').fill('engineers, demo, operator')
  expect((await new AxeBuilder({ page }).analyze()).violations.map(({ id }) => id)).toEqual([])
  await dialog.getByRole('button', { name: 'Add a provider' }).click()
  const providers = page.getByRole('list', { name: 'Identity providers' }).getByRole('listitem')
  await expect(providers).toContainText(['Example'])

  await page.getByRole('button', { name: 'Link Example' }).click()
  await agree('root')
  await expect(page.getByRole('button', { name: 'Unlink Example' })).toBeVisible()
  await page.getByRole('button', { name: 'Unlink Example' }).click()
  await page.getByRole('alertdialog').getByRole('button', { name: 'Unlink' }).click()
  await expect(page.getByRole('button', { name: 'Link Example' })).toBeVisible()
  await page.getByRole('button', { name: 'Sign out' }).click()

  // Somebody else at this browser, whom the provider asks anew.
  await page.context().clearCookies()
  await page.getByRole('button', { name: 'Sign in with Example' }).click()
  await agree('ada')
  await expect(machines(page)).toBeVisible()
  await expect(page.getByTitle('Signed in as ada@example.org')).toBeVisible()
  await page.goto(`${url}/sign-in/back?code=x&state=y`)
  await expect(page.getByRole('alert')).toContainText('a sign-in that this tab did not begin')
  await expect(page).toHaveURL(`${url}/sign-in/back`)
  await there.close()
})
