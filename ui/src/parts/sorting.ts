/**
 * Rows in the order of a column.
 *
 * In: rows, one accessor a column, the sort as it stands in the URL (`-errors`: descending). Out: sorted rows and what a head
 * cell needs. Absent values come last in either direction; equal rows keep their order. No table library: this is all of it
 * that the pages need, and the first page must stay small.
 */
import { computed, type ComputedRef } from 'vue';

type Value = number | string | null | undefined;
export type Accessors<T> = Record<string, (row: T) => Value>;

export interface Sorting<T> {
  sorted: ComputedRef<T[]>;
  /** `ascending`, `descending`, or undefined for `aria-sort`. */
  directionOf(column: string): 'ascending' | 'descending' | undefined;
  /** The sort after a click: numbers start with the greatest. */
  next(column: string): string;
}

function compare(a: Value, b: Value, sign: 1 | -1): number {
  const none = Number(a === null || a === undefined) - Number(b === null || b === undefined);
  if (none !== 0 || a === null || a === undefined || b === null || b === undefined) return none;
  return a < b ? -sign : a > b ? sign : 0;
}

export function useSorting<T>(rows: () => readonly T[], accessors: Accessors<T>, sort: () => string): Sorting<T> {
  const sorted = computed(() => {
    const text = sort();
    const value = accessors[text.replace(/^-/, '')];
    return value ? rows().toSorted((a, b) => compare(value(a), value(b), text.startsWith('-') ? -1 : 1)) : [...rows()];
  });
  return {
    sorted,
    directionOf: (column) => (sort() === column ? 'ascending' : sort() === `-${column}` ? 'descending' : undefined),
    next(column) {
      const first = rows()[0];
      const numeric = first !== undefined && typeof accessors[column]?.(first) !== 'string';
      if (sort() === column) return numeric ? '' : `-${column}`;
      if (sort() === `-${column}`) return numeric ? column : '';
      return numeric ? `-${column}` : column;
    },
  };
}
