/** A search as it stands in the URL: the link keeps the text. */
import { oneOf, text, texts, useUrlState, whole } from '@/url/state';

export const SORTS = ['newest', 'longest', 'mostSpans', 'mostErrors'] as const;

export function useTracesState() {
  return useUrlState({
    q: text(),
    service: text(),
    operation: text(),
    status: oneOf(['', 'error', 'ok', 'unset'], ''),
    min: text(),
    max: text(),
    attribute: texts(),
    limit: whole(100, 1, 1000),
    sort: oneOf(SORTS, 'newest'),
  });
}

export type TracesState = ReturnType<typeof useTracesState>;
