import { arrive, expect, test } from './place.ts'

test('placement groups are made, shown and deleted', async ({ page, fake }) => {
  await arrive(page, fake, '/placement-groups')
  await expect(page.getByRole('rowheader', { name: 'far-apart' })).toBeVisible()
  await page.getByRole('button', { name: 'Create placement group' }).click()
  await page.getByRole('alertdialog').or(page.getByRole('dialog')).getByLabel('Name').fill('together')
  await page.getByRole('alertdialog').or(page.getByRole('dialog')).getByRole('button', { name: 'Create placement group' }).click()
  await expect(page.getByRole('rowheader', { name: 'together' })).toBeVisible()
  await page.getByRole('button', { name: 'Delete together' }).click()
  await page.getByRole('button', { name: 'Delete placement group' }).click()
  await expect(page.getByRole('rowheader', { name: 'together' })).toHaveCount(0)
})

test('a machine tells what is inside, rests its rebuild while it runs, and asks before rescue', async ({ page, fake }) => {
  await arrive(page, fake)
  await page.getByRole('link', { name: 'web-1' }).click()
  await page.getByRole('button', { name: 'Ask the guest' }).click()
  await expect(page.getByText('Debian · 12 · 6.1')).toBeVisible()
  await page.getByRole('button', { name: 'Take a picture of the screen' }).click()
  await expect(page.getByRole('img', { name: 'The screen of web-1' })).toBeVisible()
  await expect(page.getByRole('button', { name: 'Rebuild' })).toHaveAttribute('aria-disabled', 'true')
  await page.getByRole('button', { name: 'Rescue' }).click()
  await expect(page.getByRole('alertdialog').or(page.getByRole('dialog'))).toContainText('it is given its own disk')
})
