/**
 * What is seen stands in the URL: typed parameters, read and written in one place.
 *
 * In: a shape, one codec a parameter. Out: a reactive object that follows the address, and `set`. Several `set` of one moment
 * become one step of the history. Defaults are not written, unknown parameters are kept, so that links stay short and whole.
 */
import { computed, nextTick, reactive, type UnwrapNestedRefs, type ComputedRef } from 'vue';
import { useRoute, useRouter, type LocationQueryRaw, type Router } from 'vue-router';

export interface Param<T> {
  read(raw: string[]): T;
  write(value: T): string[];
}

export function text(fallback = ''): Param<string> {
  return { read: (raw) => raw[0] ?? fallback, write: (value) => (value === fallback ? [] : [value]) };
}

export function oneOf<const T extends string>(values: readonly T[], fallback: T): Param<T> {
  return { read: (raw) => values.find((value) => value === raw[0]) ?? fallback, write: (value) => (value === fallback ? [] : [value]) };
}

export function flag(fallback = false): Param<boolean> {
  return { read: (raw) => (raw[0] === undefined ? fallback : raw[0] === '1'), write: (value) => (value === fallback ? [] : [value ? '1' : '0']) };
}

export function whole(fallback: number, min: number, max: number): Param<number> {
  return {
    read: (raw) => {
      const value = Number(raw[0]);
      return raw[0] !== undefined && Number.isInteger(value) && value >= min && value <= max ? value : fallback;
    },
    write: (value) => (value === fallback ? [] : [String(value)]),
  };
}

/** A list, one parameter an item. */
export function texts(): Param<string[]> {
  return { read: (raw) => raw, write: (value) => value };
}

/** A list of known words in one parameter, joined by commas. */
export function someOf<const T extends string>(values: readonly T[], fallback: readonly T[]): Param<T[]> {
  return {
    read: (raw) => (raw[0] === undefined ? [...fallback] : values.filter((value) => raw[0]?.split(',').includes(value))),
    write: (value) => (value.join() === fallback.join() ? [] : [value.join(',')]),
  };
}

type Shape = Record<string, Param<unknown>>;
type Values<S extends Shape> = { [K in keyof S]: S[K] extends Param<infer T> ? T : never };

let pending: { query: LocationQueryRaw; push: boolean } | undefined;

function write(router: Router, change: Record<string, string[]>, push: boolean): void {
  if (!pending) {
    pending = { query: { ...router.currentRoute.value.query }, push: false };
    void nextTick(() => {
      const last = pending;
      pending = undefined;
      if (last) void router[last.push ? 'push' : 'replace']({ query: last.query, hash: router.currentRoute.value.hash });
    });
  }
  pending.push ||= push;
  for (const [key, raw] of Object.entries(change)) {
    if (raw.length === 0) delete pending.query[key];
    else pending.query[key] = raw.length === 1 ? (raw[0] ?? '') : raw;
  }
}

export interface UrlState<S extends Shape> {
  state: UnwrapNestedRefs<{ [K in keyof S]: ComputedRef<Values<S>[K]> }>;
  /** `replace` for what changes with each key stroke or frame, `push` (unless told) for what Back should undo. */
  set(patch: Partial<Values<S>>, how?: 'push' | 'replace'): void;
}

export function useUrlState<S extends Shape>(shape: S): UrlState<S> {
  const route = useRoute();
  const router = useRouter();
  const read = (key: string): string[] => {
    const raw = route.query[key];
    return (Array.isArray(raw) ? raw : [raw]).filter((value): value is string => typeof value === 'string');
  };
  const entries = Object.keys(shape).map((key) => [key, computed(() => shape[key]?.read(read(key)))] as const);
  const state = reactive(Object.fromEntries(entries)) as UrlState<S>['state'];
  return {
    state,
    set(patch, how = 'push') {
      const change: Record<string, string[]> = {};
      for (const [key, value] of Object.entries(patch)) change[key] = shape[key]?.write(value) ?? [];
      write(router, change, how === 'push');
    },
  };
}
