/**
 * The map of the invented world, and what can be asked of its nodes and edges.
 *
 * In: a range in nanoseconds, a kind of graph. Out: replies of `/api/v1/topology...`.
 */
import { ACTORS, LINKS, type Actor, type Link } from './cast';
import { chance, health, series, traffic, type Profile, type Schemas } from './numbers';
import { TRACES } from './traces';

export interface Range {
  fromNs: bigint;
  toNs: bigint;
}

export const secondsOf = (range: Range): number => Number((range.toNs - range.fromNs) / 1_000_000n) / 1_000;

function sum(links: Link[]): Profile {
  const rate = links.reduce((total, link) => total + link.rate, 0);
  const errors = links.reduce((total, link) => total + link.rate * link.errorShare, 0);
  const busy = links.reduce((total, link) => total + link.rate * link.p50Ms, 0);
  return { rate, errorShare: rate > 0 ? errors / rate : 0, p50Ms: rate > 0 ? busy / rate : 0 };
}

export function nodeOf(actor: Actor, range: Range, links = LINKS): Schemas['Node'] {
  const seconds = secondsOf(range);
  const inbound = sum(links.filter((link) => link.to === actor.id));
  const outbound = sum(links.filter((link) => link.from === actor.id));
  const calls = traffic(inbound, seconds);
  return {
    id: actor.id,
    kind: actor.kind,
    name: actor.name,
    namespace: actor.namespace ?? '',
    cluster: '',
    environment: actor.kind === 'service' ? 'dev' : '',
    workload: actor.kind === 'service' ? `${actor.name}-deploy` : '',
    versions: actor.versions ?? [],
    host: actor.host ?? '',
    system: actor.system ?? '',
    group: actor.group ?? '',
    named_by: actor.namedBy ?? 'spans',
    observed: actor.observed ?? true,
    instrumented: actor.kind === 'service' && actor.observed !== false,
    health: inbound.rate > 0 ? health(inbound) : { status: actor.observed === false ? 'unknown' : outbound.rate > 0 ? 'healthy' : 'idle', reason: '' },
    inbound: calls,
    outbound: traffic(outbound, seconds),
    flags: actor.flags ?? [],
    hosts: actor.host ? [{ host: actor.host, calls: calls.calls, errors: calls.errors }] : [],
    instances: actor.kind === 'service' && actor.observed !== false ? 1 + Math.round(chance(actor.id) * 2) : 0,
    members: 1,
  };
}

export function edgeOf(link: Link, range: Range): Schemas['Edge'] {
  const numbers = traffic(link, secondsOf(range));
  const total = sum(LINKS.filter((other) => other.from === link.from)).rate;
  const internal = ACTORS.find((actor) => actor.id === link.to)?.kind === 'service';
  return {
    id: `${link.from}>${link.to}`,
    source: link.from,
    target: link.to,
    kind: link.kind ?? 'call',
    protocol: link.protocol ?? 'http',
    ...numbers,
    rate_error: 0,
    server_p95_ns: internal && numbers.p95_ns ? Math.round(numbers.p95_ns * 0.93) : null,
    request_bytes_per_second: null,
    response_bytes_per_second: null,
    share: total > 0 ? link.rate / total : 0,
    observer: link.missing ? 'none' : internal ? 'both' : 'client',
    unpaired: 0,
    security: link.to === 'google' || link.to === 'openai' ? 'tls' : 'unknown',
    health: link.missing ? { status: 'unknown', reason: '' } : health(link),
    observed: !link.missing,
    missing: link.missing ?? '',
    via: [],
    first_seen_unix_nano: String(range.fromNs),
  };
}

export function topology(range: Range, graph: Schemas['Graph'] = 'service'): Schemas['Topology'] {
  return {
    meta: {
      from: String(range.fromNs),
      to: String(range.toNs),
      graph,
      resolutions_ns: [10_000_000_000],
      completeness: { exact: true, pending_repairs: 0, evicted: 0, incomplete_until_unix_nano: null, sampled_share: 0 },
      folded: false,
      rules_revision: 3,
      namespaces: ['growbin', 'jiwoo'],
      sql: 'SELECT source, target, sum(calls) AS calls, sum(errors) AS errors FROM edges GROUP BY 1, 2',
    },
    nodes: ACTORS.map((actor) => nodeOf(actor, range)),
    edges: LINKS.map((link) => edgeOf(link, range)),
    warnings: [
      { code: 'TOPO-07', message: '1 host has no name: 10.3.2.9:8443', remedy: 'Name it from its node on the map.', nodes: ['raw'], values: [['hosts', '1'], ['host', '10.3.2.9:8443']] },
    ],
  };
}

export function frames(range: Range): Schemas['Frames'] {
  const stepNs = 10_000_000_000;
  const count = Math.max(1, Math.min(360, Math.floor(Number(range.toNs - range.fromNs) / stepNs)));
  const map = topology(range);
  const stopped = (at: number): boolean => at > count * 0.5 && at < count * 0.62;
  const numbers = LINKS.map((link) => {
    const all = series(`${link.from}${link.to}`, link, range.fromNs, stepNs, count);
    const down = link.to === 'board-api';
    return {
      calls: all.calls,
      errors: all.errors.map((errors, at) => (down && stopped(at) ? (all.calls[at] ?? 0) : errors)),
      p95_ns: all.p95_ns.map((value, at) => (link.rate === 0 ? null : down && stopped(at) ? 3_000_000_000 : (value ?? null))),
    };
  });
  return { meta: map.meta, start_unix_nano: String(range.fromNs), step_ns: stepNs, count, nodes: map.nodes, edges: map.edges, series: numbers };
}

function operations(link: Link, seconds: number): Schemas['OperationTraffic'][] {
  const names = link.operations ?? ['GET'];
  return names.map((operation, at) => ({ operation, traffic: traffic({ ...link, rate: (link.rate * (names.length - at)) / ((names.length * (names.length + 1)) / 2) }, seconds) }));
}

const exemplars = (error: boolean): Schemas['Exemplar'][] =>
  TRACES.slice(0, 4).map((trace) => ({ trace_id: trace.id, span_id: trace.spans[0]?.id ?? '', duration_ns: trace.durationNs, error: error && trace.errors > 0 }));

export function edgeDetail(source: string, target: string, range: Range): Schemas['EdgeDetail'] | undefined {
  const link = LINKS.find((other) => other.from === source && other.to === target);
  const from = ACTORS.find((actor) => actor.id === source);
  const to = ACTORS.find((actor) => actor.id === target);
  if (!link || !from || !to) return undefined;
  const seconds = secondsOf(range);
  const numbers = traffic(link, seconds);
  return {
    source: nodeOf(from, range),
    target: nodeOf(to, range),
    edges: [edgeOf(link, range)],
    series: series(source + target, link, range.fromNs, Math.round((seconds * 1e9) / 60), 60),
    views: [
      { observer: 'client', traffic: numbers },
      ...(to.kind === 'service' ? [{ observer: 'server', traffic: traffic({ ...link, p50Ms: link.p50Ms * 0.92 }, seconds) }, { observer: 'network', traffic: traffic({ ...link, p50Ms: link.p50Ms * 0.08 }, seconds) }] : []),
    ],
    codes: [
      { protocol: link.protocol === 'grpc' ? 'grpc' : 'http', code: link.protocol === 'grpc' ? 0 : 200, flag: '-', calls: numbers.calls - numbers.errors },
      ...(numbers.errors > 0 ? [{ protocol: 'http', code: 500, flag: '-', calls: numbers.errors }] : []),
    ],
    hosts: to.host ? [{ host: to.host, calls: numbers.calls, errors: numbers.errors }] : [],
    operations: operations(link, seconds),
    exemplars: exemplars(link.errorShare > 0.05),
    sql: `SELECT sum(calls), sum(errors) FROM edges WHERE source = '${source}' AND target = '${target}'`,
    traces: `/api/v1/topology/edge/${source}/${target}/traces`,
  };
}

export function nodeDetail(id: string, range: Range): Schemas['NodeDetail'] | undefined {
  const actor = ACTORS.find((other) => other.id === id);
  if (!actor) return undefined;
  const seconds = secondsOf(range);
  const inbound = LINKS.filter((link) => link.to === id);
  const outbound = LINKS.filter((link) => link.from === id);
  const near = new Set([...inbound.map((link) => link.from), ...outbound.map((link) => link.to)]);
  const numbers = sum(inbound.length > 0 ? inbound : outbound);
  return {
    node: nodeOf(actor, range),
    series: series(id, numbers, range.fromNs, Math.round((seconds * 1e9) / 60), 60),
    neighbours: ACTORS.filter((other) => near.has(other.id)).map((other) => nodeOf(other, range)),
    callers: inbound.map((link) => edgeOf(link, range)),
    callees: outbound.map((link) => edgeOf(link, range)),
    operations: inbound.flatMap((link) => operations(link, seconds)),
    codes: [{ protocol: 'http', code: 200, flag: '-', calls: traffic(numbers, seconds).calls }],
    exemplars: exemplars(numbers.errorShare > 0.05),
    sql: `SELECT sum(calls), sum(errors) FROM edges WHERE target = '${id}'`,
    traces: `/api/v1/topology/node/${id}/traces`,
  };
}

export function why(source: string, target: string): Schemas['Why'] {
  return {
    source,
    target,
    calls: 0,
    findings: [
      {
        code: 'TOPO-02',
        message: `${target} was called 212 times by ${source} and sent no span`,
        remedy: `Start ${target} with opentelemetry-instrument, or set OTEL_TRACES_EXPORTER=otlp`,
        values: [['source', source], ['target', target], ['calls', '212']],
        evidence: [{ what: 'client spans to search.jiwoo.svc:8080 without an answer in a trace', value: 212, sql: "SELECT count(*) FROM spans WHERE server_address = 'search.jiwoo.svc'" }],
        trace_ids: TRACES.slice(0, 2).map((trace) => trace.id),
      },
    ],
    checked: ['TOPO-01', 'TOPO-03', 'TOPO-05', 'TOPO-06', 'TOPO-07', 'TOPO-08'],
  };
}
