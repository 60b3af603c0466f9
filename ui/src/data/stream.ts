/**
 * Answers that come in frames: NDJSON over fetch, one object a line whose only key is the frame's name.
 *
 * In: an address, an abort signal. Out: frames as they arrive. A refusal, a frame `error`, and a stream that ends without
 * `end` or `error` (it was cut) are an `ApiError`; unknown frames are passed on. Lines may be cut anywhere, also within a
 * character.
 */
import { ApiError, ask, type Schemas } from '@/data/client';

/** Rows by column: lists under the columns' names, or in the order in which `meta` names them. */
export type Columns = Record<string, unknown[]> | unknown[][];

export type Frame =
  | { kind: 'meta'; value: Record<string, unknown> }
  | { kind: 'rows'; value: Columns }
  | { kind: 'progress'; value: Record<string, unknown> }
  | { kind: 'warning'; value: { message?: string } }
  | { kind: 'end'; value: { cost?: Record<string, unknown> } }
  | { kind: 'snapshot'; value: Schemas['Snapshot'] }
  | { kind: 'delta'; value: Schemas['Delta'] }
  | { kind: 'other'; name: string; value: unknown };

const KNOWN = new Set(['meta', 'rows', 'progress', 'warning', 'end', 'snapshot', 'delta']);

export function parseFrame(line: string): Frame {
  const object = JSON.parse(line) as Record<string, unknown>;
  const name = Object.keys(object)[0] ?? '';
  const value = object[name];
  if (name === 'error') {
    const error = value as Schemas['ErrorBody'];
    throw new ApiError(200, error.code, error.message, error.remedy);
  }
  if (KNOWN.has(name)) return { kind: name, value } as Frame;
  return { kind: 'other', name, value };
}

/** Cuts chunks of bytes into lines. */
export class LineCutter {
  private readonly decoder = new TextDecoder();
  private rest = '';

  push(bytes: Uint8Array): string[] {
    const parts = (this.rest + this.decoder.decode(bytes, { stream: true })).split('\n');
    this.rest = parts.pop() ?? '';
    return parts.filter((part) => part.trim() !== '');
  }

  finish(): string[] {
    const last = this.rest + this.decoder.decode();
    this.rest = '';
    return last.trim() === '' ? [] : [last];
  }
}

export async function* frames(url: URL, signal: AbortSignal): AsyncGenerator<Frame> {
  const response = await ask(url, { signal, headers: { accept: 'application/x-ndjson' } });
  if (!response.body) throw new ApiError(0, 'unreachable', 'the answer has no body', '');
  const reader = response.body.getReader();
  const cutter = new LineCutter();
  let ended = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      for (const line of done ? cutter.finish() : cutter.push(value)) {
        const frame = parseFrame(line);
        ended ||= frame.kind === 'end';
        yield frame;
      }
      if (done) break;
    }
  } catch (cause) {
    if (signal.aborted || cause instanceof ApiError) throw cause;
    throw new ApiError(0, 'cut', String(cause), '');
  } finally {
    await reader.cancel().catch(() => undefined);
  }
  if (!ended) throw new ApiError(0, 'cut', 'the stream ended without its end', '');
}

/** Rows of columns as objects; `columns` are names in the order of the columns. */
export function rowsOf(columns: string[], rows: Columns): Record<string, unknown>[] {
  const named: [string, unknown[]][] = Array.isArray(rows) ? columns.map((name, column) => [name, rows[column] ?? []]) : Object.entries(rows);
  const length = Math.max(0, ...named.map(([, values]) => values.length));
  return Array.from({ length }, (_, at) => Object.fromEntries(named.map(([name, values]) => [name, values[at]])));
}
