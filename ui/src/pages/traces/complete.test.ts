import { describe, expect, it } from 'vitest';
import { bareKey, keyOffers, quoted, wordAt } from '@/pages/traces/complete';

const at = (text: string): string => {
  const word = wordAt(text, text.length);
  return `${word.kind}:${word.key}:${word.typed}`;
};

describe('the word at the caret', () => {
  it.each([
    ['', 'key::'],
    ['{ ', 'key::'],
    ['{ sta', 'key::sta'],
    ['{ span.http.ro', 'key::span.http.ro'],
    ['{ span.http.route = ', 'value:span.http.route:'],
    ['{ span.http.route = "/ap', 'value:span.http.route:/ap'],
    ['{ status = er', 'value:status:er'],
    ['{ status = error && ', 'key::'],
    ['{ status = error ', 'none::'],
  ])('%j', (text, wanted) => expect(at(text)).toBe(wanted));
});

it('offers keys with their scope', () => expect(keyOffers('route', [{ scope: 'span', key: 'http.route', count: 3 }])).toEqual([{ text: 'span.http.route', count: 3 }]));
it('asks values by the bare key', () => expect(['span.http.route', '.a.b', 'resource.service.name'].map(bareKey)).toEqual(['http.route', 'a.b', 'service.name']));
it('quotes what is text', () => expect(['error', '42', '/a'].map(quoted)).toEqual(['error', '42', '"/a"']));
