/**
 * Reads the theme for engines that draw on canvas.
 *
 * In: the custom properties on <html> (tokens/light.css, tokens/dark.css). Out: their values now, and a call when they
 * change. No engine knows a colour of its own but the service palette.
 */

const NAMES = {
  bg: '--bg', surface: '--surface', raised: '--raised', sunken: '--sunken', hover: '--hover', selected: '--selected',
  border: '--border', borderStrong: '--border-strong', text: '--text', text2: '--text-2', text3: '--text-3',
  accent: '--accent', accentSoft: '--accent-soft', focus: '--focus', ok: '--ok', okSoft: '--ok-soft', warn: '--warn', warnSoft: '--warn-soft',
  error: '--error', errorSoft: '--error-soft', idle: '--idle', idleSoft: '--idle-soft', grid: '--grid', edge: '--edge',
  edgeLabel: '--edge-label-bg', node: '--node', box: '--box', boxBorder: '--box-border', critical: '--critical',
  series1: '--series-1', series2: '--series-2', series3: '--series-3', series4: '--series-4', font: '--font', mono: '--mono',
} as const;

export type Theme = Record<keyof typeof NAMES, string> & { dark: boolean };

/** Token values as the page has them now. */
export function readTokens(root: Element = document.documentElement): Theme {
  const style = getComputedStyle(root);
  const theme = {} as Record<keyof typeof NAMES, string>;
  for (const key of Object.keys(NAMES) as (keyof typeof NAMES)[]) theme[key] = style.getPropertyValue(NAMES[key]).trim();
  return { ...theme, dark: style.getPropertyValue('color-scheme').trim() === 'dark' };
}

/** Calls back when the theme changes: the attribute, the system's choice, contrast or forced colours. */
export function watchTheme(changed: () => void): () => void {
  const observer = new MutationObserver(changed);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme', 'class', 'style'] });
  const queries = ['(prefers-color-scheme: dark)', '(forced-colors: active)', '(prefers-contrast: more)'].map((q) => matchMedia(q));
  for (const query of queries) query.addEventListener('change', changed);
  return () => {
    observer.disconnect();
    for (const query of queries) query.removeEventListener('change', changed);
  };
}

/** Whether the reader asked for less motion. */
export function reducedMotion(): boolean {
  return matchMedia('(prefers-reduced-motion: reduce)').matches;
}
