/**
 * Texts in components, with keys that the compiler knows.
 *
 * In: a key and named values. Out: the text. A number `n` chooses between singular and plural and stands in the text as `{N}`,
 * written as the language writes numbers.
 */
import { useI18n } from 'vue-i18n';
import { count } from '@/i18n/format';
import type { Messages } from '@/i18n/en';

type Paths<T> = T extends object ? { [K in keyof T & string]: T[K] extends string ? K : `${K}.${Paths<T[K]>}` }[keyof T & string] : never;
export type Key = Paths<Messages>;
export type Named = Record<string, string | number>;

export interface Texts {
  t(key: Key, named?: Named): string;
  /** A text whose key comes from data; the fallback stands where this page does not know the word. */
  word(group: string, name: string, fallback?: string): string;
}

export function useText(): Texts {
  const { t, te, locale } = useI18n();
  const say = (key: string, named: Named = {}): string => {
    const n = named['n'];
    return typeof n === 'number' ? t(key, { N: count(n), ...named }) : t(key, named);
  };
  return {
    t: say,
    word: (group, name, fallback = name) => (te(`${group}.${name}`, locale.value) ? say(`${group}.${name}`) : fallback),
  };
}
