import { arrive, expect, test } from './place.ts'

test('what is wrong is told at its field, which gets the focus', async ({ page, fake }) => {
  await arrive(page, fake, '/machines/new')
  await page.getByLabel('Name (optional)').fill('not_a_hostname')
  await page.getByLabel('How many').fill('0')
  await page.getByRole('button', { name: 'Launch 1 machine' }).click()
  await expect(page.getByLabel('Name (optional)')).toBeFocused()
  await expect(page.getByLabel('Name (optional)')).toHaveAccessibleDescription(/At most 63 letters/)
  await expect(page.getByLabel('How many')).toHaveAccessibleDescription('A whole number from 1 to 1000.')
})

test('a refusal of the server stands at its field, or beside the button with its number', async ({ page, fake }) => {
  await arrive(page, fake, '/machines/new')
  await page.getByLabel('Name (optional)').fill('fail-field')
  await page.getByRole('button', { name: 'Launch 1 machine' }).click()
  await expect(page.getByLabel('Name (optional)')).toBeFocused()
  await expect(page.getByLabel('Name (optional)')).toHaveAccessibleDescription('this name is reserved')
  await page.getByLabel('Name (optional)').fill('fail-quota')
  await page.getByRole('button', { name: 'Launch 1 machine' }).click()
  await expect(page.getByRole('alert')).toContainText('The limit of this project is reached.')
  await expect(page.getByRole('alert')).toContainText('req_7f3c9a')
})

test('a key pair made on the way is downloaded once, and is not made twice after a refusal', async ({ page, fake }) => {
  await arrive(page, fake, '/machines/new')
  await page.getByLabel('Name (optional)').fill('fail-quota')
  await page.getByText('Create a key pair').click()
  await page.getByLabel('Name of the key pair').fill('fresh')
  const download = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Launch 1 machine' }).click()
  expect((await download).suggestedFilename()).toBe('fresh.pem')
  await expect(page.getByRole('alert')).toBeVisible()
  await page.getByLabel('Name (optional)').fill('works')
  await page.getByRole('button', { name: 'Launch 1 machine' }).click()
  await expect(page.getByRole('heading', { name: 'works', level: 1 })).toBeVisible()
  await expect(page.getByRole('region', { name: 'Overview' })).toContainText('fresh')
})

test('a name of a key pair that is taken is told at that field', async ({ page, fake }) => {
  await arrive(page, fake, '/machines/new')
  await page.getByText('Create a key pair').click()
  await page.getByLabel('Name of the key pair').fill('ada@laptop')
  await page.getByRole('button', { name: 'Launch 1 machine' }).click()
  await expect(page.getByLabel('Name of the key pair')).toBeFocused()
  await expect(page.getByLabel('Name of the key pair')).toHaveAccessibleDescription(/exists already/)
})

test('flavors too small for the image say why they cannot be chosen', async ({ page, fake }) => {
  await arrive(page, fake, '/machines/new')
  await page.getByRole('button', { name: /Flavor/ }).click()
  const small = page.getByRole('option', { name: 't3.pico' })
  await expect(small).toHaveAttribute('aria-disabled', 'true')
  await expect(small).toHaveAccessibleDescription(/needs a disk of 3\sGiB/)
  await page.getByRole('option', { name: 't3.large' }).click()
  await expect(page.getByRole('complementary', { name: 'What you get' })).toContainText('1 × t3.large')
})

test('several machines are launched at once, and the form shows the same as aws and curl', async ({ page, fake }) => {
  await arrive(page, fake, '/machines/new')
  await page.getByLabel('Name (optional)').fill('herd')
  await page.getByLabel('How many').fill('3')
  await page.getByText('The same from a terminal').click()
  await page.getByRole('button', { name: 'Copy aws' }).click()
  expect(await page.evaluate('navigator.clipboard.readText()')).toContain('--count 3')
  await page.getByRole('button', { name: 'curl', exact: true }).click()
  await expect(page.getByText(/Authorization: Bearer/)).toBeVisible()
  await page.getByRole('button', { name: 'Launch 3 machines' }).click()
  await expect(page.getByRole('link', { name: 'herd' })).toHaveCount(3)
  await expect(page.getByRole('row', { name: /herd.*Running/ })).toHaveCount(3)
})

test('a machine that does not boot says why, on its page', async ({ page, fake }) => {
  await arrive(page, fake, '/machines/new')
  await page.getByLabel('Name (optional)').fill('fail-boot')
  await page.getByRole('button', { name: 'Launch 1 machine' }).click()
  await expect(page.getByRole('main')).toContainText('the image does not boot: no bootable device')
  await expect(page.getByRole('region', { name: 'Timeline' })).toContainText(/Create.*failed/)
})
