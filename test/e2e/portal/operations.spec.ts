import { arrive, expect, test } from './place.ts'

test('how busy a machine is: four charts, read by keyboard, in figures', async ({ page, fake }) => {
  await arrive(page, fake)
  await page.getByRole('link', { name: 'web-1' }).click()
  await page.getByRole('tab', { name: 'Usage' }).click()
  await expect(page.getByRole('figure')).toHaveCount(4)
  const cpu = page.getByRole('figure', { name: /CPU/ })
  await expect(cpu).toContainText(/\d cores/)
  await cpu.getByRole('img').focus()
  await page.keyboard.press('ArrowLeft')
  await expect(cpu).toContainText(/\d\d:\d\d:\d\d/)
  await page.getByRole('radio', { name: 'Day' }).check({ force: true })
  await expect(page.getByRole('figure')).toHaveCount(4)
})
