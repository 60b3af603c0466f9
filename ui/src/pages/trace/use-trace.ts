/**
 * Loads one trace and holds what the page knows of it.
 *
 * In: an id. Out: tree, colours, critical path, statistics. A trace that is not there yet is asked again for half a minute,
 * because spans arrive late. Times are numbers of nanoseconds since the first span.
 */
import { useQuery } from '@tanstack/vue-query';
import { computed, type ComputedRef, type Ref } from 'vue';
import { readTrace, type LoadedTrace, type SpanDetail } from '@/pages/trace/otlp';
import { addressOf, ApiError, ask, curlOf } from '@/data/client';
import { shownTheme } from '@/app/preferences';
import { assignColors } from '@/engine/color/assign';
import { paletteOf } from '@/engine/color/palette';
import { criticalPath } from '@/engine/trace/critical';
import { buildTree } from '@/engine/trace/tree';
import type { TraceTree } from '@/engine/trace/types';

const AGAIN_MS = 3_000;
const TRIES = 10;

export interface TracePageData {
  trace: Ref<LoadedTrace | undefined>;
  error: ComputedRef<ApiError | undefined>;
  tree: ComputedRef<TraceTree>;
  colorOf(service: string): string;
  detailOf(index: number): SpanDetail | undefined;
  critical: ComputedRef<Set<number>>;
  curl: ComputedRef<string>;
  retry(): void;
}

export function useTrace(id: () => string, correctSkew: () => boolean): TracePageData {
  const address = computed(() => addressOf('/api/v1/traces/{id}', { path: { id: id() } }));
  const query = useQuery({
    queryKey: computed(() => ['trace', id()]),
    queryFn: async ({ signal }) => readTrace(await (await ask(address.value, { signal })).json()),
    retry: (failures, cause) => cause instanceof ApiError && (cause.status === 404 || cause.status === 0) && failures < TRIES,
    retryDelay: AGAIN_MS,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const tree = computed(() => buildTree(query.data.value?.spans ?? [], { correctSkew: correctSkew() }));
  const colors = computed(() => assignColors(tree.value.nodes.map((node) => node.span.service)));
  return {
    trace: query.data as Ref<LoadedTrace | undefined>,
    error: computed(() => {
      const cause = query.error.value ?? query.failureReason.value;
      return cause instanceof ApiError ? cause : cause ? new ApiError(0, 'internal', String(cause), '') : undefined;
    }),
    tree,
    colorOf: (service) => paletteOf(shownTheme() === 'dark')[colors.value.get(service) ?? 0] ?? 'gray',
    detailOf: (index) => tree.value.nodes[index]?.span as SpanDetail | undefined,
    critical: computed(() => new Set(tree.value.nodes.length > 0 ? criticalPath(tree.value).map((piece) => piece.node) : [])),
    curl: computed(() => curlOf(address.value)),
    retry: () => void query.refetch(),
  };
}
