/**
 * What the find and hide language can ask of nodes and edges of the map.
 *
 * In: nodes, edges and the response time that labels show. Out: the language's own records, in its units: rates a second,
 * percent, milliseconds.
 */
import type { Schemas } from '@/data/client';
import { evaluateFind, withEdgesOfNodes, type Found } from '@/engine/find/evaluate';
import type { FindEdge, FindNode } from '@/engine/find/operands';
import { parseFind, type ParsedFind } from '@/engine/find/parse';
import type { LabelKind } from '@/pages/map/url';

const ms = (ns: number | null | undefined): number | undefined => (ns === null || ns === undefined ? undefined : ns / 1e6);
const percentOf = (share: number | null | undefined): number | undefined => (share === null || share === undefined ? undefined : share * 100);

function ratesOf(node: Schemas['Node'], edges: readonly Schemas['Edge'][]): FindNode['rates'] {
  const rates: NonNullable<FindNode['rates']> = { in: node.inbound.rate_per_second, out: node.outbound.rate_per_second };
  for (const edge of edges) {
    const protocol = edge.protocol === 'http' || edge.protocol === 'grpc' ? edge.protocol : 'tcp';
    if (edge.target === node.id) rates[`${protocol}In`] = (rates[`${protocol}In`] ?? 0) + edge.rate_per_second;
    if (edge.source === node.id) rates[`${protocol}Out`] = (rates[`${protocol}Out`] ?? 0) + edge.rate_per_second;
  }
  return rates;
}

export function findNodes(nodes: readonly Schemas['Node'][], edges: readonly Schemas['Edge'][]): FindNode[] {
  return nodes.map((node) => ({
    id: node.id,
    name: node.name,
    kind: node.kind,
    namespace: node.namespace,
    cluster: node.cluster,
    service: node.kind === 'service' ? node.name : undefined,
    workload: node.workload || undefined,
    version: node.versions[0],
    system: node.system || undefined,
    labels: { environment: node.environment, host: node.host, group: node.group },
    healthy: node.health.status === 'healthy' ? true : node.health.status === 'degraded' || node.health.status === 'failing' ? false : undefined,
    idle: node.inbound.calls + node.outbound.calls === 0,
    outside: node.kind === 'external',
    root: node.flags.includes('root'),
    missingContext: node.flags.includes('missing_context'),
    rank: undefined,
    rates: ratesOf(node, edges),
    errorPercent: percentOf(node.inbound.error_ratio),
  }));
}

export function findEdges(edges: readonly Schemas['Edge'][], labels: readonly LabelKind[]): FindEdge[] {
  const shown = labels.find((label): label is 'avg' | 'p50' | 'p95' | 'p99' => label in { avg: 0, p50: 0, p95: 0, p99: 0 }) ?? 'p95';
  return edges.map((edge) => ({
    id: edge.id,
    source: edge.source,
    target: edge.target,
    protocol: edge.protocol,
    rate: edge.rate_per_second > 0 ? edge.rate_per_second : undefined,
    errorPercent: percentOf(edge.error_ratio),
    trafficPercent: edge.share * 100,
    responseMs: { avg: ms(edge.avg_ns), p50: ms(edge.p50_ns), p95: ms(edge.p95_ns), p99: ms(edge.p99_ns), shown: ms(edge[`${shown}_ns`]) },
    throughput: edge.response_bytes_per_second ?? undefined,
    secure: edge.security === 'unknown' ? undefined : edge.security === 'mtls',
    healthy: edge.health.status === 'healthy' ? true : edge.health.status === 'degraded' || edge.health.status === 'failing' ? false : undefined,
  }));
}

export interface Selection {
  parsed: ParsedFind;
  found: Found;
}

export function select(text: string, nodes: FindNode[], edges: FindEdge[]): Selection {
  const parsed = parseFind(text);
  return { parsed, found: evaluateFind(parsed.tree, nodes, edges) };
}

/** The map without what the expression finds, and without the edges of hidden nodes. */
export function hidden<T extends { nodes: Schemas['Node'][]; edges: Schemas['Edge'][] }>(map: T, text: string, labels: readonly LabelKind[]): T {
  if (text.trim() === '') return map;
  const edges = findEdges(map.edges, labels);
  const { parsed, found } = select(text, findNodes(map.nodes, map.edges), edges);
  if (parsed.error) return map;
  const away = withEdgesOfNodes(found, edges);
  return { ...map, nodes: map.nodes.filter((node) => !away.nodes.has(node.id)), edges: map.edges.filter((edge) => !away.edges.has(edge.id)) };
}
