/**
 * The service graph of one trace: who called whom in it, how often, how long, with how many errors.
 *
 * In: a tree. Out: nodes and edges in order of first appearance, for the same graph engine that draws the map.
 */
import { selfTimes } from './stats';
import type { TraceTree } from './types';

export interface TraceServiceNode {
  id: string;
  spans: number;
  errors: number;
  selfNs: number;
}

export interface TraceServiceEdge {
  id: string;
  source: string;
  target: string;
  calls: number;
  errors: number;
  totalNs: number;
}

export function serviceGraph(tree: TraceTree): { nodes: TraceServiceNode[]; edges: TraceServiceEdge[] } {
  const self = selfTimes(tree);
  const nodes = new Map<string, TraceServiceNode>();
  const edges = new Map<string, TraceServiceEdge>();
  for (const { span, index, parent } of tree.nodes) {
    let node = nodes.get(span.service);
    if (!node) nodes.set(span.service, (node = { id: span.service, spans: 0, errors: 0, selfNs: 0 }));
    node.spans++;
    node.selfNs += self[index]!;
    if (span.error) node.errors++;
    const caller = parent >= 0 ? tree.nodes[parent]!.span.service : undefined;
    if (caller === undefined || caller === span.service) continue;
    const id = JSON.stringify([caller, span.service]);
    let edge = edges.get(id);
    if (!edge) edges.set(id, (edge = { id, source: caller, target: span.service, calls: 0, errors: 0, totalNs: 0 }));
    edge.calls++;
    edge.totalNs += span.durationNs;
    if (span.error) edge.errors++;
  }
  return { nodes: [...nodes.values()], edges: [...edges.values()] };
}
