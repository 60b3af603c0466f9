/**
 * First paint, route change, and the waterfall of 10,000 spans beside plain DOM rows, medians of five.
 *
 * In: the fake server's large trace. Out: JSON lines in bench/results/ui.jsonl; ratios count, absolutes are the machine's.
 */
import { appendFileSync } from 'node:fs';
import { test, type Page } from '@playwright/test';
import { LARGE_ID } from '../src/test/world/traces';

const ROUNDS = 5;
const median = (all: number[]): number => [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0;

function record(name: string, values: Record<string, number>): void {
  const line = JSON.stringify({ bench: 'ui', name, ...values });
  console.log(line);
  appendFileSync('../bench/results/ui.jsonl', `${line}\n`);
}

async function timed(page: Page, act: () => Promise<void>): Promise<number> {
  const before = await page.evaluate(() => performance.now());
  await act();
  return (await page.evaluate(() => performance.now())) - before;
}

test('first paint and route change', async ({ page }) => {
  const paints: number[] = [];
  const routes: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    await page.goto('/');
    await page.locator('.services').waitFor();
    paints.push(await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0));
    routes.push(await timed(page, async () => {
      await page.locator('.rail-link').nth(2).click();
      await page.locator('.traces').waitFor();
    }));
  }
  record('first paint', { ms: median(paints) });
  record('route change', { ms: median(routes) });
});

test('waterfall of 10,000 spans beside plain rows', async ({ page }) => {
  const ours: number[] = [];
  const plain: number[] = [];
  const scrolls: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    await page.goto(`/trace/${LARGE_ID}?view=table`);
    await page.getByRole('tab').first().waitFor();
    ours.push(await timed(page, async () => {
      await page.keyboard.press('1');
      await page.locator('.wf-row').first().waitFor();
    }));
    scrolls.push(await page.locator('.wf').evaluate(async (box) => {
      const started = performance.now();
      for (let step = 0; step < 30; step++) {
        box.scrollTop += 960;
        await new Promise((resolve) => requestAnimationFrame(resolve));
      }
      return (performance.now() - started) / 30;
    }));
    plain.push(await page.evaluate(async () => {
      const started = performance.now();
      const box = document.createElement('div');
      for (let row = 0; row < 9_901; row++) {
        const line = document.createElement('div');
        line.className = 'wf-row';
        line.innerHTML = '<span class="wf-name"><i class="wf-color"></i><span class="cut"></span></span><span class="wf-track"><i class="wf-bar"></i><span class="wf-time"></span></span>';
        line.querySelector('.cut')!.textContent = `row ${row}`;
        box.append(line);
      }
      document.querySelector('#main')!.append(box);
      box.getBoundingClientRect();
      await new Promise((resolve) => requestAnimationFrame(resolve));
      const took = performance.now() - started;
      box.remove();
      return took;
    }));
  }
  record('waterfall first draw', { ms: median(ours), plain_ms: median(plain), ratio: median(ours) / median(plain) });
  record('waterfall scroll frame', { ms: median(scrolls) });
});
