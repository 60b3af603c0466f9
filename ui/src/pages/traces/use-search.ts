/**
 * One search whose results stream in.
 *
 * In: the address to ask. Out: rows as they arrive, progress, failure. A new search aborts the one before; the old rows stay,
 * dimmed, until the first new ones or the end are there, so that the list never blanks.
 */
import { onBeforeUnmount, ref, type Ref } from 'vue';
import { ApiError, type Schemas } from '@/data/client';
import { frames, rowsOf } from '@/data/stream';

export interface TraceSearch {
  rows: Ref<Schemas['FoundTrace'][]>;
  state: Ref<'idle' | 'running' | 'done' | 'stopped' | 'failed'>;
  stale: Ref<boolean>;
  error: Ref<ApiError | undefined>;
  run(address: URL): Promise<void>;
  stop(): void;
}

/** Columns as the frame `meta` names them: texts, or objects with a name. */
function columnNames(meta: Record<string, unknown>): string[] {
  const columns = Array.isArray(meta['columns']) ? (meta['columns'] as unknown[]) : [];
  return columns.map((column) => (typeof column === 'string' ? column : String((column as { name?: unknown }).name)));
}

export function useTraceSearch(): TraceSearch {
  const rows = ref<Schemas['FoundTrace'][]>([]);
  const state = ref<'idle' | 'running' | 'done' | 'stopped' | 'failed'>('idle');
  const stale = ref(false);
  const error = ref<ApiError>();
  let controller: AbortController | undefined;

  async function run(address: URL): Promise<void> {
    controller?.abort();
    const mine = (controller = new AbortController());
    state.value = 'running';
    stale.value = rows.value.length > 0;
    error.value = undefined;
    let columns: string[] = [];
    let fresh: Schemas['FoundTrace'][] = [];
    try {
      for await (const frame of frames(address, mine.signal)) {
        if (mine.signal.aborted) return;
        if (frame.kind === 'meta') columns = columnNames(frame.value);
        if (frame.kind !== 'rows') continue;
        fresh = [...fresh, ...(rowsOf(columns, frame.value) as unknown as Schemas['FoundTrace'][])];
        rows.value = fresh;
        stale.value = false;
      }
      rows.value = fresh;
      stale.value = false;
      state.value = 'done';
    } catch (cause) {
      if (mine.signal.aborted) return;
      error.value = cause instanceof ApiError ? cause : new ApiError(0, 'internal', String(cause), '');
      state.value = 'failed';
    }
  }

  function stop(): void {
    controller?.abort();
    if (state.value === 'running') state.value = 'stopped';
    stale.value = false;
  }

  onBeforeUnmount(() => controller?.abort());
  return { rows, state, stale, error, run, stop };
}
