/**
 * What one panel asks and shows.
 *
 * In: a path of the API and its parameters, which may depend on the URL. Out: the newest answer, kept while the next one is
 * under way; the failure, if the newest try failed; the same question as a curl command. A new question aborts the one before.
 */
import { keepPreviousData, useQuery } from '@tanstack/vue-query';
import { computed, watch, type ComputedRef, type Ref } from 'vue';
import { addressOf, ApiError, curlOf, get, type ApiPath, type GetParameters, type GetReply } from '@/data/client';
import { tick } from '@/time/use-range';

export interface PanelData<T> {
  data: Ref<T | undefined>;
  error: ComputedRef<ApiError | undefined>;
  fetching: Ref<boolean>;
  /** Whether what is shown answers an earlier question. */
  stale: ComputedRef<boolean>;
  curl: ComputedRef<string>;
  retry(): void;
}

interface Options {
  enabled?: () => boolean;
  /** Asks again at each refresh of the page. On unless told. */
  refreshed?: boolean;
}

function asApiError(cause: unknown): ApiError | undefined {
  if (cause === null || cause === undefined) return undefined;
  return cause instanceof ApiError ? cause : new ApiError(0, 'internal', String(cause), '');
}

export function usePanel<P extends ApiPath>(path: P, parameters: () => GetParameters<P>, options: Options = {}): PanelData<GetReply<P>> {
  const asked = computed(parameters);
  const query = useQuery({
    queryKey: computed(() => [path, asked.value]),
    queryFn: ({ signal }) => get(path, asked.value, signal),
    enabled: computed(() => options.enabled?.() ?? true),
    placeholderData: keepPreviousData,
  });
  if (options.refreshed !== false) {
    watch(tick, () => {
      if (options.enabled?.() ?? true) void query.refetch({ cancelRefetch: false });
    });
  }
  return {
    data: query.data as Ref<GetReply<P> | undefined>,
    error: computed(() => asApiError(query.error.value)),
    fetching: query.isFetching,
    stale: computed(() => query.isPlaceholderData.value || (query.isError.value && query.data.value !== undefined)),
    curl: computed(() => curlOf(addressOf(path, asked.value))),
    retry: () => void query.refetch(),
  };
}
