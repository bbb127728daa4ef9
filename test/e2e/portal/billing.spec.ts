import type { Page } from '@playwright/test'
import { arrive, expect, test } from './place.ts'

const dialog = (page: Page) => page.getByRole('dialog').or(page.getByRole('alertdialog'))

test('what was used says what it costs, and a budget is set', async ({ page, fake }) => {
  await arrive(page, fake, '/usage')
  await expect(page.getByRole('row', { name: /^Machines t3.micro/ })).toContainText('10 hours')
  await expect(page.getByRole('row', { name: /^Volumes/ })).toContainText('1 GiB hours')
  await page.getByRole('button', { name: 'Set the budget' }).click()
  await dialog(page).getByLabel('EUR a month').fill('lots')
  await dialog(page).getByRole('button', { name: 'Save' }).click()
  await expect(dialog(page).getByText('An amount such as 12.50')).toBeVisible()
  await dialog(page).getByLabel('EUR a month').fill('12.50')
  await dialog(page).getByRole('button', { name: 'Save' }).click()
  await expect(page.getByText('a month; told at 50\u00a0%, 80\u00a0%, 100\u00a0%')).toContainText('12.50')
})

test('a price is added from a day on, and taken away', async ({ page, fake }) => {
  await arrive(page, fake, '/prices')
  await page.getByRole('button', { name: 'Add a price' }).click()
  await dialog(page).getByLabel('Flavor').fill('t3.large')
  await dialog(page).getByLabel('Price for an hour').fill('0,0832')
  await dialog(page).getByLabel('From the day').fill('2026-12-01')
  await dialog(page).getByRole('button', { name: 'Add a price' }).click()
  await expect(page.getByRole('row', { name: /^Machines, t3.large/ })).toContainText('0.0832')
  await page.getByRole('button', { name: 'Delete the price of Machines, t3.large from 2026-12-01' }).click()
  await dialog(page).getByRole('button', { name: 'Delete price' }).click()
  await expect(page.getByRole('row', { name: /^Machines, t3.large/ })).toHaveCount(0)
})
