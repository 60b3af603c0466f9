/** Pictures of every page and state, for people to look at: `make ui-shots`. */
import { defineConfig } from '@playwright/test';
import { browser, server } from './e2e/setup';

export default defineConfig({
  testDir: './e2e',
  testMatch: '*.shots.ts',
  workers: 1,
  retries: 0,
  timeout: 60_000,
  reporter: 'list',
  use: browser,
  webServer: server,
});
