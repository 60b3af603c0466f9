/**
 * A map with too many nodes to read, folded by namespace; never an empty page.
 *
 * In: a map, the namespaces that stay open. Out: a map in which each closed namespace, and each provider of hosts outside, is
 * one node. Counts are summed; quantiles cannot be, so folded edges have none.
 */
import type { Schemas } from '@/data/client';

/** Nodes above which namespaces fold. */
export const NODES_MAX = 120;

type Node = Schemas['Node'];
type Edge = Schemas['Edge'];

const RANK = { idle: 0, unknown: 1, healthy: 2, degraded: 3, failing: 4 };
export const FOLDED = 'ns:';

function worst(a: Schemas['Health'], b: Schemas['Health']): Schemas['Health'] {
  return RANK[b.status] > RANK[a.status] ? b : a;
}

function added(a: Schemas['Traffic'], b: Schemas['Traffic']): Schemas['Traffic'] {
  const calls = a.calls + b.calls;
  const errors = a.errors + b.errors;
  return { calls, errors, rate_per_second: a.rate_per_second + b.rate_per_second, error_ratio: calls > 0 ? errors / calls : null, avg_ns: null, p50_ns: null, p95_ns: null, p99_ns: null };
}

/** Name of the fold that a node belongs to; undefined for a node that stays itself. */
function foldOf(node: Node, open: ReadonlySet<string>): string | undefined {
  const name = node.namespace || node.group || node.kind;
  return open.has(name) ? undefined : name;
}

function addEdge(into: Map<string, Edge>, edge: Edge, source: string, target: string): void {
  const id = `${source}>${target}:${edge.kind}`;
  const before = into.get(id);
  const calls = edge.calls + (before?.calls ?? 0);
  const errors = edge.errors + (before?.errors ?? 0);
  into.set(id, {
    ...edge,
    id,
    source,
    target,
    calls,
    errors,
    rate_per_second: edge.rate_per_second + (before?.rate_per_second ?? 0),
    error_ratio: calls > 0 ? errors / calls : null,
    avg_ns: before ? null : edge.avg_ns,
    p50_ns: before ? null : edge.p50_ns,
    p95_ns: before ? null : edge.p95_ns,
    p99_ns: before ? null : edge.p99_ns,
    health: before ? worst(before.health, edge.health) : edge.health,
    observed: edge.observed || (before?.observed ?? false),
  });
}

export function fold<T extends { nodes: Node[]; edges: Edge[] }>(map: T, open: ReadonlySet<string>): T {
  const groups = new Map<string, Node>();
  const idOf = new Map<string, string>();
  const nodes: Node[] = [];
  for (const node of map.nodes) {
    const name = foldOf(node, open);
    if (name === undefined) {
      nodes.push(node);
      idOf.set(node.id, node.id);
      continue;
    }
    idOf.set(node.id, FOLDED + name);
    const before = groups.get(name);
    groups.set(
      name,
      before
        ? { ...before, members: before.members + node.members, health: worst(before.health, node.health), inbound: added(before.inbound, node.inbound), outbound: added(before.outbound, node.outbound) }
        : { ...node, id: FOLDED + name, name, namespace: '', group: '', workload: '', versions: [], host: '', system: '', hosts: [], flags: [] },
    );
  }
  const edges = new Map<string, Edge>();
  for (const edge of map.edges) {
    const source = idOf.get(edge.source);
    const target = idOf.get(edge.target);
    if (source === undefined || target === undefined || (source === target && source.startsWith(FOLDED))) continue;
    if (source === edge.source && target === edge.target) edges.set(edge.id, edge);
    else addEdge(edges, edge, source, target);
  }
  return { ...map, nodes: [...nodes, ...groups.values()], edges: [...edges.values()] };
}
