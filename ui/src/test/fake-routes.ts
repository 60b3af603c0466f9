/**
 * Which path of the API gets which reply of the invented world.
 *
 * In: a request, already read. Out: status, type and chunks of the body.
 */
import { edgeDetail, frames, nodeDetail, topology, why, type Range } from './world/topology';
import { errors, keys, overview, servicePage, services, values } from './world/services';
import { found, LARGE, otlp, skeleton, TRACES, type WorldTrace } from './world/traces';
import type { Schemas } from './world/numbers';

export interface Asked {
  url: URL;
  method: string;
  mode: string;
  stream: boolean;
  body: string;
}

export interface Answer {
  status: number;
  type: string;
  chunks: string[];
  pauseMs?: number;
  /** The connection stays open, as in live views. */
  open?: boolean;
}

const json = (value: unknown, status = 200): Answer => ({ status, type: 'application/json', chunks: [JSON.stringify(value)] });
const refusal = (status: number, code: string, message: string, remedy = ''): Answer => json({ error: { code, message, remedy } }, status);
const lines = (frames: object[], pauseMs?: number, open?: boolean): Answer => ({ status: 200, type: 'application/x-ndjson', chunks: frames.map((frame) => `${JSON.stringify(frame)}\n`), ...(pauseMs ? { pauseMs } : {}), ...(open ? { open } : {}) });

const UNITS: Record<string, bigint> = { ms: 1_000_000n, s: 1_000_000_000n, m: 60_000_000_000n, h: 3_600_000_000_000n, d: 86_400_000_000_000n };
let wokenMs = 0;

function nanos(text: string | null): bigint | undefined {
  const match = /^(\d+)(ms|s|m|h|d)$/.exec(text ?? '');
  return match?.[1] && match[2] ? BigInt(match[1]) * (UNITS[match[2]] ?? 1n) : undefined;
}

function rangeOf(url: URL): Range {
  const now = BigInt(Date.now()) * 1_000_000n;
  const toNs = BigInt(url.searchParams.get('to') ?? now);
  const from = url.searchParams.get('from');
  return { fromNs: from ? BigInt(from) : toNs - (nanos(url.searchParams.get('duration')) ?? UNITS['m']! * 15n), toNs };
}

function matches(trace: WorldTrace, query: URLSearchParams): boolean {
  const attribute = query.getAll('attribute').map((pair) => pair.split('='));
  const min = nanos(query.get('min_duration')) ?? 0n;
  const max = nanos(query.get('max_duration')) ?? 1n << 62n;
  const filter = query.get('q') ?? '';
  return trace.spans.some(
    ({ step, durationNs }) =>
      (!query.get('service') || step.service === query.get('service')) &&
      (!query.get('operation') || step.name === query.get('operation')) &&
      (query.get('status') !== 'error' || step.error !== undefined) &&
      (!filter.includes('status = error') || step.error !== undefined) &&
      BigInt(durationNs) >= min &&
      BigInt(durationNs) <= max &&
      attribute.every(([key = '', wanted]) => step.attributes?.[key] !== undefined && (wanted === undefined || String(step.attributes[key]) === wanted)),
  );
}

function search(asked: Asked, traces: WorldTrace[]): Answer {
  const range = rangeOf(asked.url);
  const limit = Number(asked.url.searchParams.get('limit') ?? 20);
  const hits = traces.filter((trace) => trace.startNs >= range.fromNs && trace.startNs < range.toNs && matches(trace, asked.url.searchParams)).slice(0, limit).map(found);
  if (!asked.stream) return json({ traces: hits, cost: { elapsed_nano: 3_100_000 } });
  const columns = ['trace_id', 'root_service', 'root_name', 'start_time_unix_nano', 'duration_nano', 'span_count', 'error_count', 'services'] as const;
  const out: object[] = [{ meta: { columns, limit } }];
  for (let at = 0; at < hits.length; at += 25) out.push({ rows: Object.fromEntries(columns.map((name) => [name, hits.slice(at, at + 25).map((hit) => hit[name])])) });
  return lines([...out, { end: { cost: { elapsed_nano: 3_100_000 } } }], 30);
}

function check(q: string): Schemas['Checked'] {
  const unsupported = /\|\||\}\s*(&&|>>|\|)/.exec(q);
  if (unsupported) return { canonical: null, problems: [{ start: unsupported.index, end: unsupported.index + unsupported[0].length, message: 'a search takes one spanset whose conditions are joined by &&', expected: [], unsupported: true }] };
  if (!/^\{.*\}$/.test(q.trim())) return { canonical: null, problems: [{ start: q.length, end: q.length, message: 'unexpected end of the query', expected: ['}'], unsupported: false }] };
  return { canonical: q.trim(), problems: [] };
}

function traceBy(id: string, traces: WorldTrace[], fields: string | null): Answer {
  const trace = [...traces, LARGE].find((other) => other.id === id.padStart(32, '0'));
  if (!trace) return refusal(404, 'not_found', `no span is stored with the trace id ${id}`);
  if (fields === 'skeleton') return json(skeleton(trace));
  return json(fields === 'jaeger' ? { data: [{ traceID: trace.id, spans: [], processes: {} }] } : otlp(trace));
}

function about(asked: Asked, empty: boolean): Answer | undefined {
  const { url, mode } = asked;
  const path = url.pathname.replace('/api/v1/', '');
  const range = rangeOf(url);
  const [, source = '', target = ''] = /^topology\/edge\/([^/]+)\/([^/]+)/.exec(path) ?? [];
  const [, node = ''] = /^topology\/node\/([^/]+)/.exec(path) ?? [];
  const [, service = ''] = /^services\/([^/]+)$/.exec(path) ?? [];
  if (path === 'overview') return json(overview(range, empty, mode === 'exposed'));
  if (path === 'services') return json({ services: empty ? [] : services(range).sort((a, b) => (a.name ?? '').localeCompare(b.name ?? '')) });
  if (service) {
    const page = empty ? undefined : servicePage(decodeURIComponent(service), range);
    return page ? json(page) : refusal(404, 'not_found', `no service ${decodeURIComponent(service)} was ever seen`);
  }
  if (path === 'errors') return json({ groups: empty ? [] : errors(url.searchParams.get('service') ?? undefined), complete: true });
  if (path === 'topology') return map(asked, empty, range);
  if (path === 'topology/frames') return json(frames(range));
  if (path === 'topology/why') return json(why(url.searchParams.get('source') ?? '', url.searchParams.get('target') ?? ''));
  if (path === 'topology/export') return { status: 200, type: 'text/plain', chunks: ['digraph {}\n'] };
  if (path === 'topology/rules') return json({ revision: 3, yaml: 'rules: []\n', rules: [], problems: [] });
  if (path === 'topology/rules/test') return json({ problems: [], changed: [{ host: '10.3.2.9:8443', calls: 1080, before: '10.3.2.9:8443', after: 'push-relay' }], unnamed: [], rules: [] });
  if (path.endsWith('/traces') && (source || node)) return json({ traces: TRACES.slice(0, 20).map(found), cost: { elapsed_nano: 2_000_000 } });
  if (source) {
    const detail = edgeDetail(decodeURIComponent(source), decodeURIComponent(target), range);
    return detail ? json(detail) : refusal(404, 'not_found', 'the range has no such edge');
  }
  if (node) {
    const detail = nodeDetail(decodeURIComponent(node), range);
    return detail ? json(detail) : refusal(404, 'not_found', 'the range has no such node');
  }
  return undefined;
}

function map(asked: Asked, empty: boolean, range: Range): Answer {
  const full = topology(range, (asked.url.searchParams.get('graph') ?? 'service') as Schemas['Graph']);
  let shown = empty ? { ...full, nodes: [], edges: [], warnings: [{ code: 'no_data', message: 'no span was stored in this range', remedy: '', nodes: [], values: [] as [string, string][] }] } : full;
  if (asked.mode === 'single') {
    shown = { ...full, nodes: full.nodes.filter((node) => node.id === 'auth-api'), edges: [], warnings: [{ code: 'single_service', message: 'only one service sends spans', remedy: 'Send spans of what calls it.', nodes: ['auth-api'], values: [['service', 'auth-api']] }] };
  }
  if (!asked.stream) return json(shown);
  return lines([{ snapshot: { rev: 1, topology: shown } }], 0, true);
}

export function reply(asked: Asked): Answer {
  const { url } = asked;
  if (url.pathname === '/__fake/wake') {
    wokenMs = Date.now();
    return json({});
  }
  const empty = asked.mode === 'empty' || (asked.mode === 'waking' && Date.now() - wokenMs < 3_000);
  const traces = empty ? [] : TRACES;
  const path = url.pathname.replace('/api/v1/', '');
  const known = about(asked, empty);
  if (known) return known;
  if (path === 'traces') return search(asked, traces);
  if (path.startsWith('traces/')) return traceBy(path.slice(7), traces, url.searchParams.get('fields'));
  if (path === 'attributes') return json(empty ? { attributes: [], complete: true } : keys());
  const [, key] = /^attributes\/(.+)\/values$/.exec(path) ?? [];
  if (key) return json(values(decodeURIComponent(key)));
  const [, service] = /^services\/([^/]+)\/operations$/.exec(path) ?? [];
  if (service) return json({ operations: [...new Set(traces.flatMap((trace) => trace.spans.filter((span) => span.step.service === decodeURIComponent(service)).map((span) => span.step.name)))].map((name) => ({ name, kind: 'server' })) });
  if (path === 'check') return json(check(url.searchParams.get('q') ?? ''));
  if (path === 'build') return json({ name: 'throughline', version: '0.1.0', os: 'linux', arch: 'x86_64' });
  if (path === 'stages') return json({});
  return refusal(404, 'not_found', `there is no ${url.pathname}`);
}
