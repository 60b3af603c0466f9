/**
 * Numbers of a trace by service (or any other key): count, total, self and greatest times, errors.
 *
 * In: a tree and a key per span. Out: rows by total self time, largest first, ties by key. Self time is a span's time
 * without the union of its children's (overlapping children count once, parts outside the parent not at all).
 */
import type { TraceTree, TreeNode } from './types';

export interface StatRow {
  key: string;
  count: number;
  errors: number;
  totalNs: number;
  selfNs: number;
  maxNs: number;
  averageNs: number;
  /** Share of the trace's self time, 0 to 1. */
  share: number;
}

export function selfTimes(tree: TraceTree): Float64Array {
  const self = new Float64Array(tree.nodes.length);
  for (const node of tree.nodes) self[node.index] = node.span.durationNs - covered(tree, node);
  return self;
}

export function statistics(tree: TraceTree, keyOf: (node: TreeNode) => string = (n) => n.span.service): StatRow[] {
  const self = selfTimes(tree);
  const rows = new Map<string, StatRow>();
  let all = 0;
  for (const node of tree.nodes) {
    const key = keyOf(node);
    let row = rows.get(key);
    if (!row) rows.set(key, (row = { key, count: 0, errors: 0, totalNs: 0, selfNs: 0, maxNs: 0, averageNs: 0, share: 0 }));
    row.count++;
    if (node.span.error) row.errors++;
    row.totalNs += node.span.durationNs;
    row.selfNs += self[node.index]!;
    row.maxNs = Math.max(row.maxNs, node.span.durationNs);
    all += self[node.index]!;
  }
  for (const row of rows.values()) {
    row.averageNs = row.totalNs / row.count;
    row.share = all > 0 ? row.selfNs / all : 0;
  }
  return [...rows.values()].sort((a, b) => b.selfNs - a.selfNs || (a.key < b.key ? -1 : 1));
}

/** Time of a span in which at least one child was running. Children are sorted by start but for corrected skew. */
function covered(tree: TraceTree, node: TreeNode): number {
  const end = node.startNs + node.span.durationNs;
  const parts = node.children
    .map((c) => tree.nodes[c]!)
    .map((c) => [Math.max(node.startNs, c.startNs), Math.min(end, c.startNs + c.span.durationNs)] as const)
    .filter(([a, b]) => b > a)
    .sort((a, b) => a[0] - b[0]);
  let sum = 0;
  let reach = -Infinity;
  for (const [a, b] of parts) {
    if (b <= reach) continue;
    sum += b - Math.max(a, reach);
    reach = b;
  }
  return sum;
}
