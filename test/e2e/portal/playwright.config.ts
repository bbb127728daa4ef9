import { existsSync } from 'node:fs'
import { defineConfig } from '@playwright/test'

const browsers = ['/usr/bin/chromium', '/usr/bin/google-chrome', '/usr/bin/chromium-browser']

/** `npx playwright test -c test/e2e/portal/playwright.config.ts`; the portal must be built (`vite build portal`). */
export default defineConfig({
  testDir: '.',
  // Not portal.test.ts, which runs this: it would start itself again, without end.
  testMatch: '**/*.spec.ts',
  fullyParallel: true,
  workers: 2,
  forbidOnly: true,
  // A browser on a machine that does much besides stumbles at times; what is wrong is wrong twice.
  retries: 1,
  timeout: 120_000,
  // Long enough for a machine that does much besides; what is there is seen at once.
  expect: { timeout: 30_000 },
  reporter: 'list',
  outputDir: '../../../node_modules/.cache/portal-e2e',
  use: {
    locale: 'en-GB',
    timezoneId: 'UTC',
    colorScheme: 'light',
    contextOptions: { reducedMotion: 'reduce' },
    permissions: ['clipboard-read', 'clipboard-write'],
    screenshot: 'off',
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? browsers.find(path => existsSync(path)) ?? 'chromium',
      args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'],
    },
  },
})
