/**
 * Taste: language, theme, zone, density. Kept in this browser, never in a link; a link never overwrites it.
 *
 * In: localStorage and the browser's own settings. Out: one reactive object; changes are stored at once and put on <html>.
 */
import { reactive, watch } from 'vue';

export type Language = 'en' | 'ko' | 'xx';
export type Theme = 'auto' | 'light' | 'dark';

export interface Preferences {
  language: Language;
  theme: Theme;
  /** Times in the browser's zone or in UTC. */
  utc: boolean;
  /** Single-key shortcuts can be turned off (WCAG 2.1.4). */
  shortcuts: boolean;
  railCollapsed: boolean;
  /** How often a live page asks again; 0 never. */
  refreshSeconds: number;
}

const KEY = 'throughline.preferences';

function stored(): Partial<Preferences> {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(KEY) ?? '{}');
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

function browserLanguage(): Language {
  return /^ko/.test(navigator.language) ? 'ko' : 'en';
}

export const preferences: Preferences = reactive({
  language: browserLanguage(),
  theme: 'auto',
  utc: false,
  shortcuts: true,
  railCollapsed: false,
  refreshSeconds: 10,
  ...stored(),
});

const systemDark = matchMedia('(prefers-color-scheme: dark)');

/** The theme that is shown: what was chosen, or the system's. */
export function shownTheme(): 'light' | 'dark' {
  if (preferences.theme !== 'auto') return preferences.theme;
  return systemDark.matches ? 'dark' : 'light';
}

/** Whether the reader asked for less motion. */
export function reducedMotion(): boolean {
  return matchMedia('(prefers-reduced-motion: reduce)').matches;
}

function applyToPage(): void {
  document.documentElement.dataset['theme'] = shownTheme();
  document.documentElement.lang = preferences.language === 'ko' ? 'ko' : 'en';
  window.dispatchEvent(new CustomEvent('throughline:theme'));
}

systemDark.addEventListener('change', applyToPage);
watch(
  preferences,
  () => {
    localStorage.setItem(KEY, JSON.stringify(preferences));
    applyToPage();
  },
  { flush: 'sync' },
);
applyToPage();
