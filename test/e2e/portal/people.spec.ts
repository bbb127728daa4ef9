import type { Page } from '@playwright/test'
import { arrive, expect, test } from './place.ts'

const dialog = (page: Page) => page.getByRole('dialog').or(page.getByRole('alertdialog'))

test('somebody is invited by a link that is shown once, and the invitation withdrawn', async ({ page, fake }) => {
  await arrive(page, fake, '/people')
  await page.getByRole('button', { name: 'Invite' }).click()
  await dialog(page).getByLabel('E-mail').fill('new@example.org')
  await dialog(page).getByRole('button', { name: 'Make the link' }).click()
  await expect(dialog(page).getByText('#invitation=once-only')).toBeVisible()
  await dialog(page).getByRole('button', { name: 'Close' }).click()
  await expect(page.getByText('#invitation=once-only')).toHaveCount(0)
  await page.getByRole('button', { name: 'Withdraw the invitation of new@example.org' }).click()
  await dialog(page).getByRole('button', { name: 'Withdraw' }).click()
  await expect(page.getByRole('rowheader', { name: 'new@example.org' })).toHaveCount(0)
})

test('a member is removed, and a limit lifted', async ({ page, fake }) => {
  await arrive(page, fake, '/people')
  await page.getByRole('button', { name: 'Remove grace@example.org' }).click()
  await dialog(page).getByRole('button', { name: 'Remove member' }).click()
  await expect(page.getByRole('rowheader', { name: 'grace@example.org' })).toHaveCount(0)
  await page.getByRole('button', { name: 'Change the limits' }).click()
  await dialog(page).getByLabel('Machines').fill('many')
  await dialog(page).getByRole('button', { name: 'Save' }).click()
  await expect(dialog(page).getByText('A whole number, or empty for no limit.')).toBeVisible()
  await dialog(page).getByLabel('Machines').fill('')
  await dialog(page).getByRole('button', { name: 'Save' }).click()
  await expect(page.getByRole('row', { name: /^Machines/ })).toContainText('No limit')
})

test('an access key shows its secret once, and is revoked; another session is ended', async ({ page, fake }) => {
  await arrive(page, fake, '/settings')
  await page.getByRole('button', { name: 'Make an access key' }).click()
  await dialog(page).getByRole('button', { name: 'Make an access key' }).click()
  await expect(dialog(page).getByText('only-shown-once')).toBeVisible()
  await dialog(page).getByRole('button', { name: 'Close' }).click()
  await expect(page.getByText('only-shown-once')).toHaveCount(0)
  await page.getByRole('button', { name: 'Revoke AKIAFAKEFAKEFAKEFAKE' }).click()
  await dialog(page).getByRole('button', { name: 'Revoke key' }).click()
  await expect(page.getByRole('rowheader', { name: 'AKIAFAKEFAKEFAKEFAKE' })).toHaveCount(0)
  const ends = page.getByRole('button', { name: /^End the session since/ })
  await expect(ends).toHaveCount(2)
  await ends.nth(1).click()
  await expect(ends).toHaveCount(1)
})

test('whoever is in several projects goes from one to another', async ({ page, fake }) => {
  await arrive(page, fake, '/people')
  const asked = page.waitForRequest(request => request.method() === 'PUT' && request.url().endsWith('/sessions'))
  await page.getByRole('combobox', { name: 'Project' }).first().selectOption('other')
  expect((await asked).postDataJSON()).toEqual({ project: 'project_other' })
  await expect(page.getByRole('heading', { name: 'Machines', level: 1 })).toBeVisible()
})

test.describe('for who only looks', () => {
  test.use({ world: { scene: 'busy', role: 'viewer' } })
  test('what they may not do says why', async ({ page, fake }) => {
    await arrive(page, fake, '/people')
    await expect(page.getByRole('button', { name: 'Invite' })).toHaveAttribute('aria-disabled', 'true')
    await expect(page.getByRole('button', { name: 'Change the limits' })).toHaveAttribute('aria-disabled', 'true')
    await expect(page.getByRole('button', { name: 'Remove grace@example.org' })).toHaveCount(0)
  })
})
