/**
 * The range of time, its clock and its refreshing, shared by all pages.
 *
 * In: `from` and `to` of the URL, the refresh interval of the preferences. Out: the range, what the API is asked, and a tick
 * that grows with each refresh. A hidden tab does not refresh; a fixed range never does by itself.
 */
import { computed, ref, type ComputedRef, type Ref } from 'vue';
import { useRoute, type LocationQueryRaw, type RouteLocationRaw } from 'vue-router';
import { preferences } from '@/app/preferences';
import { DEFAULT_RANGE, isLive, nowNs, queryOf, resolve, type Span, type TimeRange } from '@/time/range';
import { text, useUrlState } from '@/url/state';

/** Grows with each refresh, by the timer or by hand. */
export const tick = ref(0);
/** The instant of the newest tick. */
export const tickNs = ref(nowNs());

export function refreshNow(): void {
  tickNs.value = nowNs();
  tick.value += 1;
}

/** Whether the page shown has a range that ends now. */
const liveShown = ref(true);
let lastMs = Date.now();
setInterval(() => {
  const everyMs = preferences.refreshSeconds * 1_000;
  if (everyMs === 0 || document.hidden || !liveShown.value || Date.now() - lastMs < everyMs) return;
  lastMs = Date.now();
  refreshNow();
}, 500);

export interface RangeState {
  range: ComputedRef<TimeRange>;
  live: ComputedRef<boolean>;
  /** The range in instants, as of the last tick. */
  span: ComputedRef<Span>;
  query: ComputedRef<{ duration: string } | { from: string; to: string }>;
  setRange(range: TimeRange, how?: 'push' | 'replace'): void;
  tick: Ref<number>;
}

export function useTimeRange(): RangeState {
  const { state, set } = useUrlState({ from: text(DEFAULT_RANGE.from), to: text(DEFAULT_RANGE.to) });
  const range = computed(() => ({ from: state.from, to: state.to }));
  const live = computed(() => {
    liveShown.value = isLive(range.value);
    return liveShown.value;
  });
  return {
    range,
    live,
    span: computed(() => resolve(range.value, tickNs.value)),
    query: computed(() => queryOf(range.value, tickNs.value)),
    setRange(next, how = 'push') {
      set(next, how);
      tickNs.value = nowNs();
    },
    tick,
  };
}

/** Addresses of other pages that keep the range of this one. */
export function useLinks(): (path: string, query?: LocationQueryRaw) => RouteLocationRaw {
  const route = useRoute();
  return (path, query = {}) => {
    const kept: LocationQueryRaw = {};
    for (const key of ['from', 'to']) if (typeof route.query[key] === 'string') kept[key] = route.query[key];
    return { path, query: { ...kept, ...query } };
  };
}
