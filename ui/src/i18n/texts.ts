/**
 * The texts of the page in the reader's language.
 *
 * In: a language. Out: the vue-i18n plug-in with that language loaded; `useLanguage` loads another one when it is chosen.
 * English and Korean have the same keys by type: a missing one does not compile. `xx` is English made longer and bracketed,
 * for finding clipped and untranslated text.
 */
import { createI18n } from 'vue-i18n';
import type { Language } from '@/app/preferences';
import type { Messages } from '@/i18n/en';
import { pseudo } from '@/i18n/pseudo';

async function load(language: Language): Promise<Messages> {
  if (language === 'ko') return (await import('@/i18n/ko')).ko;
  const { en } = await import('@/i18n/en');
  return language === 'xx' ? pseudo(en) : en;
}

function create(language: Language, messages: Messages) {
  return createI18n({
    legacy: false,
    locale: language,
    fallbackLocale: false,
    messages: { [language]: messages } as Record<string, Messages>,
    missingWarn: true,
  });
}

let texts: ReturnType<typeof create>;

export async function createTexts(language: Language): Promise<ReturnType<typeof create>> {
  texts = create(language, await load(language));
  return texts;
}

/** Loads a language if it is not there yet, then shows it. */
export async function showLanguage(language: Language): Promise<void> {
  if (!texts.global.availableLocales.includes(language)) texts.global.setLocaleMessage(language, await load(language));
  texts.global.locale.value = language;
}

/** A text outside of components: axis labels, downloads. */
export function translate(key: string, named: Record<string, unknown> = {}): string {
  return texts.global.t(key, named);
}
