/**
 * The one cache of server answers, with the rules that all questions share.
 *
 * Only what may pass by itself (no answer, an overloaded server) is asked again, once; an answer stays on the screen while the
 * next one is under way.
 */
import { QueryClient } from '@tanstack/vue-query';
import { ApiError } from '@/data/client';

function mayPass(cause: unknown): boolean {
  return cause instanceof ApiError && (cause.status === 0 || cause.status === 503);
}

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      retry: (failures, cause) => failures < 1 && mayPass(cause),
      retryDelay: () => 300 + Math.random() * 400,
      refetchOnWindowFocus: false,
      refetchOnReconnect: true,
      networkMode: 'always',
      staleTime: 2_000,
      gcTime: 60_000,
    },
  },
});
