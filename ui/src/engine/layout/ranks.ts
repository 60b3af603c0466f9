/**
 * Gives each node its column.
 *
 * In: an acyclic graph by indices. Out: a rank per node with rank(source) < rank(target) on every edge. Longest path
 * first, then nodes slide to where their edges are shorter in sum (what network simplex would find, in a few linear
 * passes), and columns that are much fuller than the others give leaves to the next one.
 */
import { adjacency, type IndexedGraph } from "./acyclic";

/** Ranks from 0, all columns used. `tallestColumn` is how many nodes a column should hold at most. */
export function assignRanks(graph: IndexedGraph, tallestColumn: number): Int32Array {
  const { count, from, to, weight } = graph;
  const out = adjacency(count, from);
  const into = adjacency(count, to);
  const order = topological(count, from, to);
  const rank = new Int32Array(count);
  for (const v of order) {
    for (let k = into.start[v]!; k < into.start[v + 1]!; k++) {
      const above = rank[from[into.edges[k]!]!]! + 1;
      if (above > rank[v]!) rank[v] = above;
    }
  }
  const pull = new Float64Array(count);
  for (let e = 0; e < from.length; e++) {
    pull[from[e]!]! += weight[e]!;
    pull[to[e]!]! -= weight[e]!;
  }
  const room = (v: number): [number, number] => {
    let low = 0;
    let high = Number.MAX_SAFE_INTEGER;
    for (let k = into.start[v]!; k < into.start[v + 1]!; k++) low = Math.max(low, rank[from[into.edges[k]!]!]! + 1);
    for (let k = out.start[v]!; k < out.start[v + 1]!; k++) high = Math.min(high, rank[to[out.edges[k]!]!]! - 1);
    return [low, high];
  };
  for (let pass = 0; pass < 6; pass++) {
    let moved = false;
    for (let i = order.length - 1; i >= 0; i--) {
      const v = order[i]!;
      if (pull[v]! === 0) continue;
      const [low, high] = room(v);
      const wanted = pull[v]! > 0 ? (high === Number.MAX_SAFE_INTEGER ? rank[v]! : high) : low;
      if (wanted !== rank[v]) {
        rank[v] = wanted;
        moved = true;
      }
    }
    if (!moved) break;
  }
  spreadLeaves(rank, out.start, tallestColumn);
  return compact(rank);
}

/** Nodes so that each comes after all that point to it; ties by index. The graph must be acyclic. */
export function topological(count: number, from: Int32Array, to: Int32Array): number[] {
  const out = adjacency(count, from);
  const waiting = new Int32Array(count);
  for (const v of to) waiting[v]!++;
  const order: number[] = [];
  for (let v = 0; v < count; v++) if (waiting[v] === 0) order.push(v);
  for (let i = 0; i < order.length; i++) {
    const v = order[i]!;
    for (let k = out.start[v]!; k < out.start[v + 1]!; k++) {
      const w = to[out.edges[k]!]!;
      if (--waiting[w]! === 0) order.push(w);
    }
  }
  return order;
}

/** Moves leaves of overfull columns to the next column: an edge that ends later costs less than a column nobody can see whole. */
function spreadLeaves(rank: Int32Array, outStart: Int32Array, tallest: number): void {
  let last = 0;
  for (const r of rank) last = Math.max(last, r);
  for (let r = 0; r <= last + 8; r++) {
    const here: number[] = [];
    for (let v = 0; v < rank.length; v++) if (rank[v] === r) here.push(v);
    let over = here.length - tallest;
    for (let i = here.length - 1; i >= 0 && over > 0; i--) {
      const v = here[i]!;
      if (outStart[v + 1]! - outStart[v]! > 0) continue;
      rank[v] = r + 1;
      over--;
    }
  }
}

function compact(rank: Int32Array): Int32Array {
  const used = [...new Set(rank)].sort((a, b) => a - b);
  const to = new Map(used.map((r, i) => [r, i]));
  return rank.map((r) => to.get(r)!);
}
