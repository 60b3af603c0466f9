/**
 * What may stand at the caret of a typed filter.
 *
 * In: text, caret, keys and values of the server with their counts. Out: the word that is replaced and the offers. It looks
 * only at the text just before the caret; whether the whole is right is for the server to say.
 */
export interface Offer {
  text: string;
  count?: number;
}

export interface Word {
  /** What is asked: a key (or intrinsic), an operator, or a value of `key`. */
  kind: 'key' | 'value' | 'none';
  key: string;
  typed: string;
  from: number;
}

export const INTRINSICS = ['duration', 'name', 'status', 'kind', 'statusMessage', 'rootName', 'rootServiceName'] as const;
export const FIXED_VALUES: Record<string, string[]> = { status: ['error', 'ok', 'unset'], kind: ['server', 'client', 'internal', 'producer', 'consumer'] };

export function wordAt(text: string, caret: number): Word {
  const before = text.slice(0, caret);
  const value = /([A-Za-z_.][\w.\-/]*)\s*(?:=~|!~|!=|>=|<=|=|>|<)\s*("?[^"&}\s]*)$/.exec(before);
  if (value) return { kind: 'value', key: value[1] ?? '', typed: (value[2] ?? '').replace(/^"/, ''), from: caret - (value[2] ?? '').length };
  const key = /(?:^|[{(&|\s])([A-Za-z_.][\w.\-/]*)?$/.exec(before);
  const open = /[{&]\s*[\w.\-/]*$/.test(before) || before.trim() === '';
  if (key && open) return { kind: 'key', key: '', typed: key[1] ?? '', from: caret - (key[1] ?? '').length };
  return { kind: 'none', key: '', typed: '', from: caret };
}

const SCOPE: Record<string, string> = { span: 'span.', resource: 'resource.', scope: 'instrumentation.', event: 'event.', link: 'link.' };

export function keyOffers(typed: string, keys: readonly { scope: string; key: string; count: number }[]): Offer[] {
  const wanted = typed.toLowerCase();
  const own: Offer[] = INTRINSICS.filter((word) => word.toLowerCase().startsWith(wanted)).map((text) => ({ text }));
  const found = keys
    .map(({ scope, key, count }) => ({ text: `${SCOPE[scope] ?? '.'}${key}`, count }))
    .filter(({ text }) => text.toLowerCase().includes(wanted.replace(/^\./, '')));
  return [...own, ...found];
}

/** The key without its scope, as the server's list of values wants it. */
export function bareKey(key: string): string {
  return key.replace(/^(span|resource|instrumentation|event|link)?\./, '');
}

export function quoted(value: string): string {
  return /^(error|ok|unset|server|client|internal|producer|consumer|true|false|-?\d+(\.\d+)?)$/.test(value) ? value : JSON.stringify(value);
}
