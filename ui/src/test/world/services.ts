/**
 * Services, overview, errors and attributes of the invented world; also the same of a server that has received nothing.
 *
 * In: a range. Out: replies of `/api/v1/overview`, `/services...`, `/errors`, `/attributes...`.
 */
import { ACTORS, LINKS, SERVICE_PROFILES } from './cast';
import { chance, health, hex, series, traffic, type Profile, type Schemas } from './numbers';
import { edgeOf, nodeDetail, nodeOf, secondsOf, type Range } from './topology';
import { FAILED_ID, MADE_NS, TRACES } from './traces';

const before = (seconds: number): string => String(MADE_NS - BigInt(seconds) * 1_000_000_000n);

function numbers(name: string, profile: Profile, range: Range): Schemas['ServiceNumbers'] {
  const actor = ACTORS.find((other) => other.name === name);
  const steps = series(name, profile, range.fromNs, (secondsOf(range) * 1e9) / 30, 30);
  return {
    node: actor?.id ?? '',
    namespace: actor?.namespace ?? '',
    environment: 'dev',
    newest_version: actor?.versions?.[0] ?? '',
    health: health(profile),
    traffic: traffic(profile, secondsOf(range)),
    change: { rate: chance(`${name}r`) - 0.45, error_ratio: profile.errorShare > 0.1 ? 0.094 : 0.001, p95: name === 'chat-api' ? 0.62 : chance(`${name}p`) * 0.2 - 0.1 },
    sparkline: steps.calls,
    error_sparkline: steps.errors,
    last_seen_unix_nano: before(2),
  };
}

const RANK = { failing: 0, degraded: 1, healthy: 2, unknown: 3, idle: 4 };

export function services(range: Range): Schemas['Service'][] {
  return Object.entries(SERVICE_PROFILES)
    .map(([name, profile]) => ({ name, numbers: numbers(name, profile, range) }))
    .sort((a, b) => RANK[a.numbers.health.status] - RANK[b.numbers.health.status] || b.numbers.traffic.rate_per_second - a.numbers.traffic.rate_per_second);
}

export function errors(service?: string): Schemas['ErrorGroup'][] {
  const all: Schemas['ErrorGroup'][] = [
    { service: 'board-api', kind: 'pymysql.err.IntegrityError', message: `(1048, "Column 'user_id' cannot be null")`, operation: 'save_message_to_db', count: 668, first_unix_nano: before(840), last_unix_nano: before(31), trace_id: FAILED_ID, span_id: TRACES[0]?.spans[3]?.id ?? '', sparkline: [] },
    { service: 'auth-api', kind: '504', message: 'Gateway Timeout', operation: 'POST', count: 49, first_unix_nano: before(800), last_unix_nano: before(75), trace_id: hex('naver', 32), span_id: hex('naver', 16), sparkline: [] },
    { service: 'chat-api', kind: 'httpx.ReadTimeout', message: 'The read operation timed out', operation: 'POST', count: 100, first_unix_nano: before(700), last_unix_nano: before(130), trace_id: hex('openai', 32), span_id: hex('openai', 16), sparkline: [] },
  ];
  return all
    .filter((group) => service === undefined || group.service === service)
    .map((group) => ({ ...group, sparkline: Array.from({ length: 30 }, (_, at) => Math.round((group.count / 30) * (at > 20 && at < 25 ? 2.6 : chance(`${group.kind}${at}`)))) }));
}

const STAGES = ['receive', 'decode', 'wal', 'buffer', 'segment', 'catalog'];

function ingest(empty: boolean): Schemas['Stage'][] {
  return STAGES.map((stage) => ({
    stage,
    signal: 'spans',
    items: empty ? 0 : stage === 'segment' || stage === 'catalog' ? 1_204_310 : 1_211_924,
    dropped: stage === 'decode' && !empty ? 12 : 0,
    reasons: stage === 'decode' && !empty ? [{ reason: 'empty_trace_id', items: 12 }] : [],
    waiting: stage === 'buffer' && !empty ? 7_602 : 0,
    status: stage === 'decode' && !empty ? 'degraded' : 'ok',
  }));
}

const LISTENERS = [['main', '127.0.0.1:4300'], ['otlp-grpc', '127.0.0.1:4317'], ['otlp-http', '127.0.0.1:4318'], ['jaeger', '127.0.0.1:16686'], ['zipkin', '127.0.0.1:9411']];

export function overview(range: Range, empty: boolean, exposed: boolean): Schemas['Overview'] {
  const worst = LINKS.filter((link) => link.errorShare > 0.01).sort((a, b) => b.errorShare * b.rate - a.errorShare * a.rate);
  return {
    from: String(range.fromNs),
    to: String(range.toNs),
    services: empty ? [] : services(range),
    nodes: empty ? [] : ACTORS.map((actor) => nodeOf(actor, range)),
    worst_edges: empty ? [] : worst.map((link) => edgeOf(link, range)),
    errors: empty ? [] : errors(),
    ingest: ingest(empty),
    changes: empty
      ? []
      : [
          { kind: 'new_version', subject: 'chat-api', object: '3.2.0', subject_node: 'chat-api', object_node: '', at_unix_nano: before(410) },
          { kind: 'new_edge', subject: 'notify-worker', object: '10.3.2.9:8443', subject_node: 'notify', object_node: 'raw', at_unix_nano: before(560) },
          { kind: 'lost_edge', subject: 'board-api', object: 'search-api', subject_node: 'board-api', object_node: 'search-api', at_unix_nano: before(700) },
        ],
    signals: [{ signal: 'spans', accepted: empty ? 0 : 1_211_912, newest_received_unix_nano: empty ? null : before(1), newest_service: empty ? null : 'gateway' }],
    exposure: { listeners: LISTENERS.map(([name = '', address = '']) => ({ name, address: exposed ? address.replace('127.0.0.1', '0.0.0.0') : address })), beyond_loopback: exposed, authentication: false },
    build: { name: 'throughline', version: '0.1.0', os: 'linux', arch: 'x86_64' },
    warnings: [],
  };
}

export function servicePage(name: string, range: Range): Schemas['ServicePage'] | undefined {
  const profile = SERVICE_PROFILES[name];
  const actor = ACTORS.find((other) => other.name === name);
  const detail = actor ? nodeDetail(actor.id, range) : undefined;
  if (!profile || !actor || !detail) return undefined;
  const seconds = secondsOf(range);
  const shares = (actor.versions ?? ['']).map((_, at) => (at === 0 && (actor.versions?.length ?? 1) > 1 ? 0.82 : (actor.versions?.length ?? 1) > 1 ? 0.18 : 1));
  return {
    name,
    numbers: numbers(name, profile, range),
    series: series(name, profile, range.fromNs, Math.round((seconds * 1e9) / 60), 60),
    operations: detail.operations.map(({ operation, traffic: of }) => ({ name: operation, kind: 'server', traffic: of })),
    neighbours: detail.neighbours,
    callers: detail.callers,
    callees: detail.callees,
    versions: (actor.versions ?? ['']).map((version, at) => ({ version, share: shares[at] ?? 0, traffic: traffic({ ...profile, rate: profile.rate * (shares[at] ?? 0), p50Ms: profile.p50Ms * (at === 0 ? 1.25 : 1) }, seconds), first_seen_unix_nano: before(410 + at * 86_400), last_seen_unix_nano: before(at === 0 ? 2 : 40) })),
    instances: Array.from({ length: 2 }, (_, at) => ({ id: `${name}-6d9f7c5b8-${hex(name + at, 5)}`, version: actor.versions?.[at] ?? actor.versions?.[0] ?? '', spans: 4_200 - at * 900, errors: at * 3, last_seen_unix_nano: before(2 + at * 20) })),
    errors: errors(name),
    sql: `SELECT count(*), count(*) FILTER (WHERE status_code = 2) FROM spans WHERE service_name = '${name}' AND kind IN (2, 5)`,
  };
}

export function keys(): Schemas['Keys'] {
  const counted = new Map<string, number>();
  for (const trace of TRACES) for (const span of trace.spans) for (const key of Object.keys(span.step.attributes ?? {})) counted.set(key, (counted.get(key) ?? 0) + 1);
  const spans = [...counted].map(([key, count]) => ({ scope: 'span', key, count }));
  const resource = ['service.name', 'service.version', 'service.namespace', 'k8s.pod.name', 'deployment.environment.name'].map((key) => ({ scope: 'resource', key, count: 2_100 }));
  return { attributes: [...spans, ...resource].sort((a, b) => b.count - a.count), complete: true };
}

export function values(key: string): Schemas['Values'] {
  const counted = new Map<string, number>();
  const add = (text: string): void => void counted.set(text, (counted.get(text) ?? 0) + 1);
  for (const trace of TRACES) {
    for (const span of trace.spans) {
      if (key === 'service.name') add(span.step.service);
      const found = span.step.attributes?.[key];
      if (found !== undefined) add(String(found));
    }
  }
  return { values: [...counted].map(([value, count]) => ({ value, count })).sort((a, b) => b.count - a.count), complete: true };
}
