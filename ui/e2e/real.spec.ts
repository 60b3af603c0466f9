/** The pages before a real server with data of its own: THROUGHLINE_URL names it. What is asked here holds for any data. */
import { expect, test } from '@playwright/test';
import { real } from './setup';

test.beforeEach(() => test.skip(real === undefined, 'THROUGHLINE_URL is not set'));

test('overview lists services and they lead to their pages', async ({ page }) => {
  await page.goto('/?from=now-7d&to=now');
  const service = page.locator('.services [data-row]').first();
  await expect(service).toBeVisible();
  const name = await service.innerText();
  await service.click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(name);
});

test('the map draws every edge of its answer', async ({ page }) => {
  await page.goto('/map?view=list&from=now-7d&to=now');
  await expect(page.locator('.map-list [data-row]').first()).toBeVisible();
});

test('a found trace opens with all of its spans', async ({ page }) => {
  await page.goto('/traces?from=now-7d&to=now');
  await page.locator('.results [data-row]').first().click();
  await expect(page.getByRole('treegrid')).toBeVisible();
  await expect(page.locator('.wf-row').first()).toBeVisible();
});

test('failed spans are found and told', async ({ page }) => {
  await page.goto('/traces?status=error&from=now-7d&to=now');
  await page.locator('.results [data-row]').first().click();
  await expect(page.locator('.wf-row').first()).toBeVisible();
  await page.keyboard.press('e');
  await expect(page).toHaveURL(/span=/);
  await expect(page.locator('.span .pill.bad')).toBeVisible();
});
