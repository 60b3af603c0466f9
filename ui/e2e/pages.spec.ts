/** Every page and state: it shows itself without an error, is accessible, and cuts no text off. */
import AxeBuilder from '@axe-core/playwright';
import { expect, test } from '@playwright/test';
import { CASES } from './cases';
import { real } from './setup';

for (const page of CASES) {
  test(page.name, async ({ page: tab, context, baseURL }, info) => {
    test.skip(real !== undefined, 'the cases name what the fake server has stored');
    const errors: string[] = [];
    tab.on('pageerror', (error) => errors.push(error.message));
    tab.on('console', (message) => {
      if (message.type() === 'error' && !/status of 404/.test(message.text())) errors.push(message.text());
    });
    tab.on('request', (request) => {
      if (!request.url().startsWith(baseURL ?? '') && !/^(blob|data):/.test(request.url())) errors.push(`asks another origin: ${request.url()}`);
    });
    await context.addCookies([{ name: 'fake', value: page.fake, url: baseURL ?? '' }]);
    const language = info.project.name === 'pseudo' ? 'xx' : info.project.name === 'ko-dark' ? 'ko' : 'en';
    await tab.addInitScript((chosen) => localStorage.setItem('throughline.preferences', JSON.stringify({ refreshSeconds: 0, language: chosen })), language);
    await tab.emulateMedia({ reducedMotion: 'reduce' });
    await tab.goto(page.path);
    await expect(tab.locator('#main h1').first()).toBeAttached();
    await tab.waitForLoadState('networkidle');
    if (page.act && language !== 'xx') await page.act(tab);
    const found = await new AxeBuilder({ page: tab }).analyze();
    const serious = found.violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
    expect(serious.map(({ id, nodes }) => `${id}: ${nodes[0]?.html.slice(0, 160)}`)).toEqual([]);
    const clipped = await tab.evaluate(() => [...document.querySelectorAll<HTMLElement>('button, h1, h2, h3, th, .pill, label')].filter((element) => element.clientWidth > 0 && element.scrollWidth > element.clientWidth + 1 && !element.matches('.cut, .visually-hidden, .visually-hidden *') && !element.querySelector('.cut, .visually-hidden, select, input')).map((element) => element.outerHTML.slice(0, 160)));
    expect(clipped).toEqual([]);
    expect(errors).toEqual([]);
  });
}
