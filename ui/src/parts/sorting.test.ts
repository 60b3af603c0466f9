import { expect, it } from 'vitest';
import { useSorting } from '@/parts/sorting';

const ROWS = [{ name: 'b', n: 2 }, { name: 'a', n: undefined }, { name: 'c', n: 9 }];

function check(sort: string): string {
  return useSorting(() => ROWS, { name: (row) => row.name, n: (row) => row.n }, () => sort).sorted.value.map((row) => row.name).join('');
}

it('sorts by a column', () => expect(check('name')).toBe('abc'));
it('sorts backwards', () => expect(check('-name')).toBe('cba'));
it('puts absent values last in either direction', () => expect([check('n'), check('-n')]).toEqual(['bca', 'cba']));
it('leaves the order alone without a sort', () => expect(check('')).toBe('bac'));
