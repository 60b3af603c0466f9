/**
 * Which browser and which server the tests use.
 *
 * The browser is Debian's Chromium. The server is the fake one over the built pages, unless THROUGHLINE_URL names a running
 * server with data of its own.
 */
import type { PlaywrightTestConfig } from '@playwright/test';

export const PORT = Number(process.env['UI_TEST_PORT'] ?? 4399);
export const real = process.env['THROUGHLINE_URL'];
export const baseURL = real ?? `http://127.0.0.1:${PORT}`;

export const browser: PlaywrightTestConfig['use'] = {
  baseURL,
  launchOptions: {
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  },
  screenshot: 'only-on-failure',
  trace: 'retain-on-failure',
};

export const server: PlaywrightTestConfig['webServer'] = real
  ? undefined
  : { command: `FAKE=1 npx vite preview --host 127.0.0.1 --port ${PORT} --strictPort`, url: `${baseURL}/api/v1/build`, reuseExistingServer: !process.env['CI'] };
