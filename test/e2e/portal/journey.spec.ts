import { expect, ready, signIn, test } from './place.ts'

test.use({ world: { scene: 'empty' } })

const publicKey = `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ1rZ8wq0x8Yv9m1V2dJr0f1Zt4bqv8Xb1f0c2rT9XyZ ada@laptop`

test('from signing in to a machine that ran, stopped, started and is gone', async ({ page, place }) => {
  test.setTimeout(180_000)
  const name = `journey-${Date.now() % 100_000}`
  const state = page
    .getByRole('main')
    .locator('p')
    .filter({ has: page.getByText(/^(Creating|Starting|Running|Suspended|Stopping|Stopped|Deleting)$/) })
  await signIn(page, place)
  await expect(page.getByRole('status').filter({ hasText: 'Live' })).toBeVisible()

  await test.step('launch', async () => {
    await page.getByRole('link', { name: 'Launch machines' }).click()
    await expect(page.getByRole('heading', { name: 'Launch machines' })).toBeFocused()
    await page.getByLabel('Name (optional)').fill(name)
    await page.getByText('Import a public key').click()
    await page.getByRole('textbox', { name: 'Public key' }).fill(publicKey)
    await expect(page.getByLabel('Name of the key pair')).toHaveValue('ada@laptop')
    await page.getByLabel('Name of the key pair').fill(`key-of-${name}`)
    await page.getByRole('button', { name: 'Launch 1 machine' }).click()
    await expect(page.getByRole('heading', { name, level: 1 })).toBeVisible()
  })

  await test.step('it comes to run while one watches', async () => {
    await expect(state).toContainText('Running', { timeout: 60_000 })
    const start = page.getByRole('button', { name: 'Start' })
    await expect(start).toHaveAttribute('aria-disabled', 'true')
    await expect(start).toHaveAccessibleDescription('It is on already.')
    await expect(page.getByRole('region', { name: 'Timeline' })).toContainText(/Create.*done/)
    await page.getByRole('button', { name: 'Copy SSH' }).click()
    expect(await page.evaluate('navigator.clipboard.readText()')).toMatch(/^ssh root@\d+\.\d+\.\d+\.\d+$/)
  })

  await test.step('its console answers', async () => {
    await page.getByRole('tab', { name: 'Serial console' }).click()
    await expect(page.getByRole('tabpanel').getByRole('status')).toHaveText('Connected')
    const shown = page.getByRole('region', { name: `Serial console of ${name}` })
    const typed = page.getByRole('textbox', { name: `Serial console of ${name}` })
    // A console shows what comes from now on: whoever joins after the prompt asks for another.
    await expect(async () => {
      await typed.press('Enter')
      await expect(shown).toContainText(/login: |:~# /, { timeout: 2_000 })
    }).toPass({ timeout: 20_000 })
    await typed.pressSequentially('hello wind\r')
    await expect(shown).toContainText('hello wind')
    await page.keyboard.press('Control+Shift+Escape')
    await expect(page.getByRole('button', { name: 'Connect again' })).toBeFocused()
    await page.getByRole('tab', { name: 'Console log' }).click()
    await expect(page.getByRole('region', { name: 'Console log' })).not.toContainText('Loading')
    await page.getByRole('tab', { name: 'Overview' }).click()
  })

  await test.step('stop, with its question, and start', async () => {
    await page.getByRole('button', { name: 'Stop', exact: true }).click()
    await page
      .getByRole('dialog', { name: `Stop ${name}?` })
      .getByRole('button', { name: 'Stop machine' })
      .click()
    await expect(state).toContainText('Stopped', { timeout: 90_000 })
    await expect(page.getByRole('button', { name: 'Reboot' })).toHaveAccessibleDescription('It is stopped. Start it first.')
    await page.getByRole('button', { name: 'Start' }).click()
    await expect(state).toContainText('Running', { timeout: 60_000 })
  })

  await test.step('see the screen', async () => {
    await page.getByRole('tab', { name: 'Screen' }).click()
    await expect(page.getByRole('status').filter({ hasText: 'Connected' })).toBeVisible({ timeout: 30_000 })
    await expect(page.getByRole('region', { name: `Screen of ${name}` }).locator('canvas')).toBeVisible()
    await page.getByRole('tab', { name: 'Overview' }).click()
  })

  await test.step('suspend, and go on', async () => {
    await page.getByRole('button', { name: 'Suspend' }).click()
    await expect(state).toContainText('Suspended', { timeout: 60_000 })
    await expect(page.getByRole('button', { name: 'Suspend' })).toHaveAccessibleDescription('It is suspended already.')
    await page.getByRole('button', { name: 'Resume' }).click()
    await expect(state).toContainText('Running', { timeout: 60_000 })
  })

  await test.step('protect it, and take the protection off', async () => {
    await page.getByRole('button', { name: 'Protect', exact: true }).click()
    const button = page.getByRole('button', { name: 'Delete', exact: true })
    await expect(button).toHaveAccessibleDescription('It is protected from deletion. Take the protection off first.')
    await page.getByRole('button', { name: 'Take the protection off' }).click()
    await expect(page.getByRole('button', { name: 'Protect', exact: true })).toBeVisible()
  })

  await test.step('delete, after a change of mind', async () => {
    const button = page.getByRole('button', { name: 'Delete', exact: true })
    await button.click()
    await page.keyboard.press('Escape')
    await expect(button).toBeFocused()
    await button.click()
    await page
      .getByRole('alertdialog', { name: `Delete ${name}?` })
      .getByRole('button', { name: 'Delete machine' })
      .click()
    if (ready === undefined) await expect(page.getByRole('heading', { name: 'This machine no longer exists' })).toBeVisible()
    else await expect(page.getByRole('main')).toContainText(/Deleted|no longer exists/, { timeout: 60_000 })
  })
})

test('a key pair is imported, shown and deleted', async ({ page, place }) => {
  const name = `pair-${Date.now() % 100_000}`
  await signIn(page, place)
  await page.getByRole('link', { name: 'Key pairs' }).click()
  await page.getByRole('button', { name: 'Import a key' }).click()
  const dialog = page.getByRole('dialog', { name: 'Import a key' })
  await dialog.getByLabel('Public key').fill(publicKey)
  await dialog.getByLabel('Name of the key pair').fill(name)
  await dialog.getByRole('button', { name: 'Import a key' }).click()
  await expect(page.getByRole('rowheader', { name })).toBeVisible()
  await page.getByRole('button', { name: `Delete ${name}` }).click()
  await page.getByRole('alertdialog').getByRole('button', { name: 'Delete key pair' }).click()
  await expect(page.getByRole('rowheader', { name })).toHaveCount(0)
})
