/**
 * A language for tests: each text bracketed, a third longer, with accents, its placeholders untouched.
 *
 * In: messages. Out: messages of the same shape. Text on the page without brackets was never translated; text whose closing
 * bracket is cut off is clipped.
 */
const ACCENTS: Record<string, string> = { a: 'á', e: 'é', i: 'í', o: 'ó', u: 'ú', A: 'Á', E: 'É', I: 'Í', O: 'Ó', U: 'Ú' };

function stretch(text: string): string {
  const parts = text.split(/(\{[^}]*\}|@[.:][^\s]+|\|)/);
  const letters = text.replace(/\{[^}]*\}/g, '').length;
  const pad = '~'.repeat(Math.ceil(letters / 3));
  const accented = parts.map((part) => (/^(\{|@|\|)/.test(part) ? part : part.replace(/[aeiouAEIOU]/g, (c) => ACCENTS[c] ?? c)));
  const joined = accented.join('');
  if (joined.includes(' | ')) return joined.split(' | ').map((choice) => `[${choice}${pad}]`).join(' | ');
  return `[${joined}${pad}]`;
}

export function pseudo<T>(messages: T): T {
  if (typeof messages === 'string') return stretch(messages) as T;
  if (typeof messages === 'function') {
    const inner = messages as unknown as (...given: unknown[]) => string;
    return ((...given: unknown[]) => `[${inner(...given)}~~~]`) as T;
  }
  if (typeof messages === 'object' && messages !== null) {
    return Object.fromEntries(Object.entries(messages).map(([key, value]) => [key, pseudo(value)])) as T;
  }
  return messages;
}
