/** One picture a page, state, language, theme and width, into ui/shots/. */
import { test, type Page } from '@playwright/test';
import { CASES } from './cases';

const LANGUAGES = ['en', 'ko'] as const;
const THEMES = ['light', 'dark'] as const;
const WIDTHS = { wide: 1440, narrow: 390 } as const;
const only = process.env['SHOTS'];

async function prepare(page: Page, language: string, theme: string, fake: string, base: string): Promise<void> {
  await page.context().addCookies([{ name: 'fake', value: fake, url: base }]);
  await page.addInitScript(([l, th]) => localStorage.setItem('throughline.preferences', JSON.stringify({ language: l, theme: th, refreshSeconds: 0 })), [language, theme]);
}

for (const shot of CASES) {
  for (const language of LANGUAGES) {
    for (const theme of THEMES) {
      for (const [width, pixels] of Object.entries(WIDTHS)) {
        const name = `${shot.name}-${language}-${theme}-${width}`;
        if (only && !new RegExp(only).test(name)) continue;
        test(name, async ({ browser, baseURL }) => {
          const context = await browser.newContext({ viewport: { width: pixels, height: width === 'wide' ? 900 : 844 }, locale: language === 'ko' ? 'ko-KR' : 'en-US', timezoneId: 'Asia/Seoul', reducedMotion: 'reduce' });
          const page = await context.newPage();
          await prepare(page, language, theme, shot.fake, baseURL ?? '');
          await page.goto(shot.path);
          await page.locator('#main').waitFor();
          await page.waitForLoadState('networkidle').catch(() => undefined);
          if (shot.act) await shot.act(page);
          await page.waitForTimeout(500);
          await page.screenshot({ path: `shots/${name}.png`, fullPage: shot.whole !== false });
          await context.close();
        });
      }
    }
  }
}
