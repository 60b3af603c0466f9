/** Times of the UI, each beside a reference in the same run; recorded, never failing: `make bench-ui`. */
import { defineConfig } from '@playwright/test';
import { browser, server } from './e2e/setup';

export default defineConfig({ testDir: './e2e', testMatch: '*.bench.ts', workers: 1, retries: 0, timeout: 240_000, reporter: 'list', use: browser, webServer: server });
