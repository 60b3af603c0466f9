/**
 * The one cache of server answers, with the rules that all questions share.
 *
 * Only what is safe to repeat is repeated, once; an answer stays on the screen while the next one is under way.
 */
import { QueryClient } from '@tanstack/vue-query';

export const queryClient = new QueryClient({
  defaultOptions: { queries: { retry: 1, retryDelay: () => 200 + Math.random() * 300, refetchOnWindowFocus: false, staleTime: 5_000 } },
});
