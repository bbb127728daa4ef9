import AxeBuilder from '@axe-core/playwright'
import type { Page } from '@playwright/test'
import { arrive, expect, test } from './place.ts'

/** What axe finds on the page as it stands, or in a part of it: WCAG 2.2 AA and the good practices it knows. */
async function findings(page: Page, part?: string): Promise<string[]> {
  const axe = new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice'])
  const { violations } = await (part === undefined ? axe : axe.include(part)).analyze()
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`)
}

const pages = [
  '/machines',
  '/machines/new',
  '/images',
  '/key-pairs',
  '/networks',
  '/placement-groups',
  '/people',
  '/usage',
  '/prices',
  '/hosts',
  '/settings',
] as const

/** Colours do not know of words, nor words of colours: each is looked at once. */
const looks = [
  { theme: 'light', locale: 'en-GB' },
  { theme: 'dark', locale: 'fr-FR' },
] as const

for (const { theme, locale } of looks)
  test.describe(`in ${theme}, ${locale}`, () => {
    test.use({ colorScheme: theme, locale, world: { scene: 'busy', simulated: true } })

    test('every page is accessible', async ({ page, fake }) => {
      test.setTimeout(120_000)
      await page.goto(fake.url)
      await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
      expect(await findings(page)).toEqual([])
      for (const path of pages) {
        await arrive(page, fake, path)
        await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
        await expect(page.getByText(/^(Loading|Chargement)…$/)).toHaveCount(0)
        expect([path, await findings(page)]).toEqual([path, []])
      }
    })

    test('a machine, its console, its log and its questions are accessible', async ({ page, fake }) => {
      test.setTimeout(120_000)
      await arrive(page, fake)
      await page.getByRole('link', { name: 'web-1' }).click()
      for (const tab of await page.getByRole('tab').all()) {
        await tab.click()
        await expect(page.getByText(/^(Loading|Chargement|Connecting|Connexion)…?$/)).toHaveCount(0)
        expect([await tab.textContent(), await findings(page)]).toEqual([await tab.textContent(), []])
      }
      await page.getByRole('button', { name: /^(Delete|Supprimer)$/ }).click()
      await expect(page.getByRole('alertdialog')).toBeVisible()
      // The page behind it is hidden then, which axe only guesses.
      expect(await findings(page, '[role=alertdialog]')).toEqual([])
    })
  })

test('the way by keyboard: skip link, page, tabs, question and back', async ({ page, fake }) => {
  await arrive(page, fake)
  await expect(page.getByRole('link', { name: 'web-1' })).toBeVisible()
  await page.keyboard.press('Tab')
  await expect(page.getByRole('link', { name: 'Skip to content' })).toBeFocused()
  await page.keyboard.press('Enter')
  await expect(page.getByRole('main')).toBeFocused()
  await page.getByRole('link', { name: 'web-1' }).focus()
  await page.keyboard.press('Enter')
  await expect(page.getByRole('heading', { name: 'web-1', level: 1 })).toBeFocused()
  await page.keyboard.press('Tab')
  const start = page.getByRole('button', { name: 'Start' })
  await expect(start).toBeFocused()
  await expect(page.getByRole('tooltip')).toHaveText('It is on already.')
  await page.keyboard.press('Enter')
  await page.getByRole('tab', { name: 'Overview' }).focus()
  await page.keyboard.press('ArrowRight')
  await expect(page.getByRole('tab', { name: 'Usage' })).toHaveAttribute('aria-selected', 'true')
  expect(page.url()).toContain('tab=usage')
})

test('the language and the theme change at once and are remembered', async ({ page, fake }) => {
  await arrive(page, fake, '/settings')
  await page.getByText('Français', { exact: true }).click()
  await expect(page.getByRole('heading', { name: 'Préférences', level: 1 })).toBeVisible()
  await page.getByText('Sombre', { exact: true }).click()
  await page.reload()
  await expect(page.getByRole('heading', { name: 'Préférences', level: 1 })).toBeVisible()
  await expect(page.locator('html')).toHaveAttribute('lang', 'fr')
  await expect(page.locator('html')).toHaveCSS('color-scheme', 'dark')
})

test('on a phone nothing is cut off at the side', async ({ page, fake }) => {
  await page.setViewportSize({ width: 360, height: 740 })
  for (const path of pages) {
    await arrive(page, fake, path)
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
    await expect(page.getByText('Loading…')).toHaveCount(0)
    expect([path, await page.evaluate('document.documentElement.scrollWidth - innerWidth')]).toEqual([path, 0])
  }
})
