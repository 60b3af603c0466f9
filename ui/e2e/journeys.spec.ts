/** What people come to do, from the first page to the answer. */
import { expect, test, type BrowserContext } from '@playwright/test';
import { FAILED_ID, LARGE_ID, LOGIN_ID } from '../src/test/world/traces';
import { real } from './setup';

test.beforeEach(() => test.skip(real !== undefined, 'the journeys walk through the invented world'));

const store = (context: BrowserContext, fake: string, url: string | undefined): Promise<void> => context.addCookies([{ name: 'fake', value: fake, url: url ?? '' }]);

test('the deliberate 500 leads to its exception and stack', async ({ page }) => {
  await page.goto('/');
  await page.getByRole('link', { name: 'pymysql.err.IntegrityError' }).first().click();
  await expect(page).toHaveURL(new RegExp(`/trace/${FAILED_ID}`));
  await expect(page.getByRole('heading', { name: 'pymysql.err.IntegrityError' })).toBeVisible();
  await expect(page.getByText('Traceback (most recent call last)')).toBeVisible();
});

test('a link shows the same view to a colleague', async ({ page, browser, baseURL }) => {
  await page.goto('/map?view=list');
  await page.locator('[data-row]').first().click();
  await expect(page).toHaveURL(/select=/);
  const other = await (await browser.newContext({ baseURL: baseURL ?? '' })).newPage();
  await other.goto(page.url());
  await expect(other.locator('.side-title')).toHaveText(await page.locator('.side-title').innerText());
  await other.context().close();
});

test('from a number on the map to its traces and a statement', async ({ page }) => {
  await page.goto('/map?select=gateway%3Eauth-api');
  const traces = page.locator('.trace-lines a');
  await expect(traces.first()).toBeVisible();
  await page.goto(`/trace/${LOGIN_ID}`);
  await page.getByRole('row', { name: /INSERT sessions/ }).click();
  await expect(page.getByText('INSERT INTO sessions', { exact: false }).first()).toBeVisible();
});

test('a past range is replayed and the moment stands in the link', async ({ page }) => {
  await page.goto('/map?replay=1');
  const scrub = page.getByRole('slider');
  await expect(scrub).toBeEnabled();
  await scrub.fill('40');
  await expect(page).toHaveURL(/replay=\d{15,}/);
  const moment = await page.locator('.replay-time').innerText();
  await page.reload();
  await expect(scrub).toBeEnabled();
  expect(moment.length).toBeGreaterThan(6);
});

test('an empty store comes alive with the first span, without reload', async ({ page, context, baseURL }) => {
  await store(context, 'waking', baseURL);
  await page.request.get('/__fake/wake');
  await page.goto('/');
  await expect(page.locator('.teach')).toBeVisible();
  await expect(page.locator('.services')).toBeVisible({ timeout: 12_000 });
});

test('everything by keyboard: pages, palette, spans', async ({ page }) => {
  await page.goto('/');
  await expect(page.locator('.services')).toBeVisible();
  await page.keyboard.press('g');
  await page.keyboard.press('m');
  await expect(page).toHaveURL(/\/map/);
  await page.keyboard.press('Control+k');
  await page.keyboard.type(FAILED_ID);
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(new RegExp(`/trace/${FAILED_ID}`));
  await expect(page.getByRole('treegrid')).toBeVisible();
  await page.keyboard.press('e');
  await expect(page).toHaveURL(/span=/);
  await page.keyboard.press('3');
  await expect(page).toHaveURL(/view=table/);
});

test('a server that goes away and comes back', async ({ page, context, baseURL }) => {
  await page.goto('/');
  await expect(page.locator('.services')).toBeVisible();
  await store(context, 'down', baseURL);
  await page.keyboard.press('r');
  await expect(page.getByRole('alert').first()).toBeVisible({ timeout: 10_000 });
  await expect(page.locator('.services')).toBeVisible();
  await store(context, 'full', baseURL);
  await page.keyboard.press('r');
  await expect(page.getByRole('alert')).toHaveCount(0, { timeout: 10_000 });
});

test('links of Jaeger lead to the same trace and search', async ({ page }) => {
  await page.goto('/search?service=chat-api&lookback=1h&limit=20');
  await expect(page).toHaveURL(/\/traces\?.*service=chat-api/);
  await page.goto('/dependencies');
  await expect(page).toHaveURL(/\/map/);
});

test('10,000 spans are a list of a few dozen elements', async ({ page }) => {
  await page.goto(`/trace/${LARGE_ID}`);
  await expect(page.getByRole('treegrid')).toHaveAttribute('aria-rowcount', '9901');
  expect(await page.locator('.wf-row').count()).toBeLessThan(80);
});

test('a phone shows overview and trace without sideways scrolling', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  for (const path of ['/', `/trace/${FAILED_ID}`]) {
    await page.goto(path);
    await page.waitForLoadState('networkidle');
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  }
});
