import { invitationToken, linkToken } from './fake.ts'
import { arrive, expect, test } from './place.ts'

test('a sign-in link signs in at once, and leaves no token in the address', async ({ page, fake }) => {
  await page.goto(`${fake.url}/sign-in#${linkToken}`)
  await expect(page.getByRole('heading', { name: 'Machines', level: 1 })).toBeVisible()
  expect(page.url()).toBe(`${fake.url}/machines`)
})

test('a link pasted into an open sign-in page works, too', async ({ page, fake }) => {
  await page.goto(`${fake.url}/sign-in`)
  await expect(page.getByLabel('E-mail')).toBeVisible()
  await page.evaluate(`location.hash = '${linkToken}'`)
  await expect(page.getByRole('heading', { name: 'Machines', level: 1 })).toBeVisible()
})

test('an invitation is taken up with a password, and leaves no token in the address', async ({ page, fake }) => {
  await page.goto(`${fake.url}/sign-in#invitation=${invitationToken}`)
  await expect(page.getByRole('heading', { name: 'You are invited' })).toBeVisible()
  expect(page.url()).not.toContain('#')
  await page.getByRole('button', { name: 'Join' }).click()
  await expect(page.getByLabel('Password')).toBeFocused()
  await page.getByLabel('Password').fill('short')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('alert')).toContainText('at least 12 characters')
  await page.getByLabel('Password').fill('a wind of the desert')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('heading', { name: 'Machines', level: 1 })).toBeVisible()
})

test('a used link says so, and offers the password', async ({ page, fake }) => {
  await page.goto(`${fake.url}/sign-in#an-older-link-token`)
  await expect(page.getByRole('alert')).toContainText('This link does not work any more')
  await expect(page.getByLabel('Password')).toBeVisible()
  expect(page.url()).not.toContain('#')
})

test('empty fields and a wrong password are told where they are', async ({ page, fake }) => {
  await page.goto(fake.url)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page.getByLabel('E-mail')).toBeFocused()
  await expect(page.getByLabel('E-mail')).toHaveAccessibleDescription('Enter your e-mail address.')
  await page.getByLabel('E-mail').fill('ada@example.org')
  await page.getByLabel('Password').fill('wrong')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('alert')).toContainText('E-mail and password do not match.')
  await expect(page.getByLabel('Password')).toBeFocused()
})

test('who is not signed in comes back to the page they wanted', async ({ page, fake }) => {
  await page.goto(`${fake.url}/key-pairs`)
  await page.getByLabel('E-mail').fill('ada@example.org')
  await page.getByLabel('Password').fill('desert-wind')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('heading', { name: 'Key pairs', level: 1 })).toBeVisible()
})

test('signing out leaves nothing behind', async ({ page, fake }) => {
  await arrive(page, fake)
  await expect(page.getByRole('link', { name: 'web-1' })).toBeVisible()
  await page.getByRole('button', { name: 'Sign out' }).click()
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible()
  await page.goBack()
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible()
  await expect(page.getByText('web-1')).toHaveCount(0)
})
