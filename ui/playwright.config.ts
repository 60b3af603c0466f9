/** Tests in a real browser: every page in English light and Korean dark, texts also in the pseudo-locale. No retries: a test that fails now and then is a bug. */
import { defineConfig } from '@playwright/test';
import { browser, server } from './e2e/setup';

export default defineConfig({
  testDir: './e2e',
  testMatch: '*.spec.ts',
  workers: 1,
  retries: 0,
  timeout: 30_000,
  reporter: 'list',
  use: browser,
  webServer: server,
  projects: [
    { name: 'en-light', use: { ...browser, locale: 'en-US', timezoneId: 'UTC', colorScheme: 'light', viewport: { width: 1440, height: 900 } } },
    { name: 'pseudo', testMatch: 'pages.spec.ts', use: { ...browser, locale: 'en-US', timezoneId: 'UTC', colorScheme: 'light', viewport: { width: 1440, height: 900 } } },
    { name: 'ko-dark', use: { ...browser, locale: 'ko-KR', timezoneId: 'Asia/Seoul', colorScheme: 'dark', viewport: { width: 1440, height: 900 } } },
  ],
});
