/**
 * The map as the graph engine draws it.
 *
 * In: nodes and edges of the API, what labels show. Out: the engine's nodes and edges with ready texts. A failing edge says its
 * error share even where labels show only the rate: that is what a reader looks for at night.
 */
import type { Schemas } from '@/data/client';
import type { Badge, GraphEdge, GraphNode, Health, NodeKind } from '@/engine/graph/types';
import { bytes, count, duration, NONE, percent, rate } from '@/i18n/format';
import { FOLDED } from '@/pages/map/fold';
import type { GraphType, LabelKind } from '@/pages/map/url';

const HEALTH: Record<Schemas['HealthStatus'], Health> = { healthy: 'ok', degraded: 'degraded', failing: 'error', idle: 'idle', unknown: 'unknown' };

function badges(node: Schemas['Node']): Badge[] {
  const out: Badge[] = [];
  if (node.flags.includes('root')) out.push('entry');
  if (node.flags.includes('missing_context')) out.push('missing-context');
  if (node.kind === 'service' && node.versions.length > 1) out.push('version');
  return out;
}

function kindOf(node: Schemas['Node'], graph: GraphType): NodeKind {
  if (node.id.startsWith(FOLDED) || node.members > 1) return 'group';
  if (node.kind !== 'service') return node.kind;
  return graph === 'workload' ? 'workload' : graph === 'operation' ? 'operation' : 'service';
}

function detail(node: Schemas['Node']): string {
  if (node.members > 1) return count(node.members);
  if (!node.observed) return NONE;
  const traffic = node.inbound.calls > 0 ? node.inbound : node.outbound;
  const numbers = traffic.error_ratio ? `${rate(traffic.rate_per_second)} · ${percent(traffic.error_ratio)}` : rate(traffic.rate_per_second);
  return node.system ? `${node.system} · ${numbers}` : numbers;
}

export function labelOf(node: Schemas['Node'], graph: GraphType): string {
  const version = node.versions[0];
  return graph === 'versioned' && version && node.kind === 'service' ? `${node.name} ${version}` : node.name;
}

export function graphNodes(nodes: readonly Schemas['Node'][], graph: GraphType, boxes: boolean): GraphNode[] {
  return nodes.map((node) => ({
    id: node.id,
    kind: kindOf(node, graph),
    label: labelOf(node, graph),
    detail: detail(node),
    box: boxes ? node.namespace || node.group || undefined : undefined,
    health: node.observed ? HEALTH[node.health.status] : 'unknown',
    badges: badges(node),
  }));
}

const TEXT_OF: Record<LabelKind, (edge: Schemas['Edge']) => string> = {
  rate: (edge) => rate(edge.rate_per_second),
  avg: (edge) => duration(edge.avg_ns),
  p50: (edge) => duration(edge.p50_ns),
  p95: (edge) => duration(edge.p95_ns),
  p99: (edge) => duration(edge.p99_ns),
  share: (edge) => percent(edge.share),
  protocol: (edge) => edge.protocol,
};

function edgeLabel(edge: Schemas['Edge'], labels: readonly LabelKind[], unseen: string): string {
  if (!edge.observed) return unseen;
  const parts = labels.map((label) => TEXT_OF[label](edge)).filter((part) => part !== NONE);
  const troubled = edge.health.status === 'failing' || edge.health.status === 'degraded';
  if (troubled && edge.error_ratio) parts.push(`✕ ${percent(edge.error_ratio)}`);
  return parts.join(' · ');
}

export function graphEdges(edges: readonly Schemas['Edge'][], labels: readonly LabelKind[], unseen: string): GraphEdge[] {
  return edges.map((edge) => ({
    id: edge.id,
    source: edge.source,
    target: edge.target,
    label: edgeLabel(edge, labels, unseen),
    health: edge.observed ? HEALTH[edge.health.status] : 'unknown',
    rate: edge.rate_per_second,
    errorShare: edge.error_ratio ?? 0,
    latencyMs: edge.p50_ns === null || edge.p50_ns === undefined ? undefined : edge.p50_ns / 1e6,
    async: edge.kind === 'publish' || edge.kind === 'consume',
    unseen: !edge.observed,
  }));
}

/** What a screen reader is told of a node. */
export function describe(node: Schemas['Node'], kind: string, health: string): string {
  const traffic = node.inbound.calls > 0 ? node.inbound : node.outbound;
  const size = node.inbound.calls > 0 ? duration(node.inbound.p95_ns) : NONE;
  return [node.name, kind, node.namespace, health, rate(traffic.rate_per_second), percent(traffic.error_ratio), size].filter((part) => part && part !== NONE).join(', ');
}

export function throughput(edge: Schemas['Edge']): string {
  const both = (edge.request_bytes_per_second ?? 0) + (edge.response_bytes_per_second ?? 0);
  return both > 0 ? `${bytes(both)}/s` : NONE;
}
