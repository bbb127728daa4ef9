import { arrive, expect, test } from './place.ts'

test('the filter and the order stand in the address, so that a link shows the same', async ({ page, fake }) => {
  await arrive(page, fake)
  await page.getByLabel('Filter by name, address or id').fill('web')
  await expect(page.getByText('3 of 12 machines')).toBeVisible()
  await page.getByRole('button', { name: 'Name' }).click()
  await page.getByRole('button', { name: 'Name' }).click()
  await expect(page.getByRole('columnheader', { name: 'Name' })).toHaveAttribute('aria-sort', 'descending')
  await page.goto(page.url())
  await expect(page.getByRole('rowheader')).toHaveText(['web-3', 'web-2', 'web-1'])
  await page.getByLabel('State').selectOption('Running')
  await expect(page.getByRole('rowheader')).toHaveText(['web-2', 'web-1'])
  await page.getByLabel('State').selectOption('Paused')
  await page.getByRole('button', { name: 'Clear the filter' }).click()
  await expect(page.getByText('12 machines', { exact: true })).toBeVisible()
})

test('rows stay where they are under the pointer, and the person says when they may move', async ({ page, fake }) => {
  await arrive(page, fake, '/machines?sort=state')
  const first = page.getByRole('rowheader').first()
  await expect(first).toHaveText('web-3')
  await page.getByRole('link', { name: 'web-3' }).hover()
  const [machine] = await page.evaluate<{ id: string; name: string }[]>(
    `fetch('/api/v1/machines').then(answer => answer.json()).then(page => page.items.filter(machine => machine.name === 'web-1'))`,
  )
  await page.evaluate(`fetch('/api/v1/machines/${machine?.id}/stop', { method: 'POST', body: '{}' })`)
  await expect(page.getByRole('row', { name: /web-1/ })).toContainText(/Stopp/)
  await expect(first).toHaveText('web-3')
  await page.getByRole('button', { name: /changes?: update order/ }).click()
  await expect(page.getByRole('button', { name: /update order/ })).toHaveCount(0)
})

test('the connection is told honestly, and what was missed is caught up', async ({ page, fake }) => {
  await arrive(page, fake)
  const freshness = page.getByRole('status').filter({ hasText: /^(Live|Reconnecting)$/ })
  await expect(freshness).toHaveText('Live')
  fake.down(true)
  fake.cut()
  await expect(freshness).toHaveText('Reconnecting')
  await page.getByRole('link', { name: 'web-1' }).click()
  const id = page.url().split('/').at(-1)
  await page.evaluate(`fetch('/api/v1/machines/${id}/stop', { method: 'POST', body: '{}' })`)
  fake.down(false)
  await expect(freshness).toHaveText('Live', { timeout: 20_000 })
  await expect(page.getByRole('main')).toContainText('Stopped')
})

test.describe('of nobody yet', () => {
  test.use({ world: { scene: 'empty', simulated: true } })
  test('guide to the first one, and simulated hosts are called what they are', async ({ page, fake }) => {
    await arrive(page, fake)
    await expect(page.getByRole('heading', { name: 'Launch your first machine' })).toBeVisible()
    await expect(page.getByText('Simulated hosts: these machines are not real')).toBeVisible()
    await page.getByRole('link', { name: 'Launch machines' }).click()
    await expect(page.getByRole('heading', { name: 'Launch machines' })).toBeVisible()
  })
})

test.describe('in a crowd of 10,000', () => {
  test.use({ world: { scene: 'crowd' } })
  test('draw only what is seen, and are found at once', async ({ page, fake }) => {
    await arrive(page, fake)
    await expect(page.getByText('10,000 machines')).toBeVisible()
    expect(await page.getByRole('row').count()).toBeLessThan(80)
    await page.mouse.move(700, 500)
    await page.mouse.wheel(0, 200_000)
    await expect(page.getByRole('link', { name: /^node-4[0-9]{3}$/ }).first()).toBeVisible()
    await page.getByLabel('Filter by name, address or id').fill('node-77')
    await expect(page.getByText('111 of 10,000 machines')).toBeVisible()
  })
})

test.describe('for who may only look', () => {
  test.use({ world: { scene: 'busy', role: 'viewer' } })
  test('rest their buttons with the reason, and hosts are for administrators', async ({ page, fake }) => {
    await arrive(page, fake)
    await page.getByRole('link', { name: 'web-1' }).click()
    for (const name of ['Start', 'Stop', 'Reboot', 'Delete'])
      await expect(page.getByRole('button', { name, exact: true })).toHaveAccessibleDescription(
        'Your role lets you look, not change.',
      )
    await page.getByRole('button', { name: 'Delete', exact: true }).click({ force: true })
    await expect(page.getByRole('alertdialog')).toHaveCount(0)
    await expect(page.getByRole('navigation').getByRole('link', { name: 'Hosts' })).toHaveCount(0)
    await page.goto(`${fake.url}/hosts`)
    await expect(page.getByRole('heading', { name: 'Hosts are for administrators' })).toBeVisible()
  })
})
