import { arrive, expect, test } from './place.ts'

test('an administrator says how a host is used, and is told what is no ratio', async ({ page, fake }) => {
  await arrive(page, fake, '/hosts')
  await page.getByRole('button', { name: 'Change dune-1' }).click()
  const dialog = page.getByRole('dialog', { name: 'How dune-1 is used' })
  await dialog.getByRole('radio', { name: 'Takes none: it is being drained' }).check({ force: true })
  await dialog.getByLabel('vCPUs for each CPU').fill('1000')
  await dialog.getByLabel('Tags').fill('rack=7')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await expect(dialog.getByLabel('vCPUs for each CPU')).toBeFocused()
  await expect(dialog.getByText('A number from 0.1 to 64.')).toBeVisible()
  await dialog.getByLabel('vCPUs for each CPU').fill('1.5')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await expect(dialog).toHaveCount(0)
  await expect(page.getByText('Not accepting')).toBeVisible()
  await expect(page.getByText('CPU 1.5 ×, memory 1 ×, disk 4 ×')).toBeVisible()
  await expect(page.getByText('rack=7')).toBeVisible()
})

test('a launch is offered the placement groups that there are', async ({ page, fake }) => {
  await arrive(page, fake, '/machines/new')
  await page.getByRole('button', { name: /Placement group/ }).click()
  await page.getByRole('option', { name: 'far-apart' }).click()
  await page.getByText('The same from a terminal').click()
  await expect(page.getByText('--placement GroupName=far-apart')).toBeVisible()
})
