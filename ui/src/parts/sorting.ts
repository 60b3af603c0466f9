/**
 * Rows in the order of a column, on TanStack's table model.
 *
 * In: rows, one accessor a column, the sort as it stands in the URL (`-errors`: descending). Out: sorted rows and what a head
 * cell needs. Absent numbers come last in either direction; equal rows keep their order.
 */
import { createTable, getCoreRowModel, getSortedRowModel, type ColumnDef } from '@tanstack/vue-table';
import { computed, type ComputedRef } from 'vue';

export type Accessors<T> = Record<string, (row: T) => number | string | null | undefined>;

export interface Sorting<T> {
  sorted: ComputedRef<T[]>;
  /** `ascending`, `descending`, or undefined for `aria-sort`. */
  directionOf(column: string): 'ascending' | 'descending' | undefined;
  /** The sort after a click: numbers start with the greatest. */
  next(column: string): string;
}

export function useSorting<T>(rows: () => readonly T[], accessors: Accessors<T>, sort: () => string): Sorting<T> {
  const columns: ColumnDef<T, unknown>[] = Object.entries(accessors).map(([id, accessorFn]) => ({
    id,
    accessorFn: (row) => accessorFn(row) ?? undefined,
    sortUndefined: 'last',
    sortingFn: (a, b) => {
      const left = a.getValue<number | string>(id);
      const right = b.getValue<number | string>(id);
      return left < right ? -1 : left > right ? 1 : 0;
    },
  }));
  const sorted = computed(() => {
    const text = sort();
    const id = text.replace(/^-/, '');
    const table = createTable<T>({
      data: [...rows()],
      columns,
      state: { sorting: id in accessors ? [{ id, desc: text.startsWith('-') }] : [], columnPinning: {} },
      getCoreRowModel: getCoreRowModel(),
      getSortedRowModel: getSortedRowModel(),
      onStateChange: () => undefined,
      renderFallbackValue: null,
    });
    return table.getRowModel().rows.map((row) => row.original);
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
