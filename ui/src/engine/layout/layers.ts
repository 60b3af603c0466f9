/**
 * Cuts a ranked graph into layers: every edge becomes a chain of pieces between neighbouring columns.
 *
 * In: an acyclic graph with ranks, sizes and box numbers. Out: items (nodes, then the bends of long edges, then fillers
 * that keep a box's place in columns where it has no node) and the pieces between them.
 */
import type { IndexedGraph } from "./acyclic";

export interface Layers {
  /** Number of items; items below `nodeCount` are nodes. */
  count: number;
  nodeCount: number;
  rank: Int32Array;
  height: Float64Array;
  /** Box number, -1 outside all boxes. */
  box: Int32Array;
  boxCount: number;
  /** First and last column of each box. */
  boxFirst: Int32Array;
  boxLast: Int32Array;
  /** Pieces: left item, right item, weight. */
  left: Int32Array;
  right: Int32Array;
  weight: Float64Array;
  /** Items of each edge from its left to its right end, by edge index. */
  chains: number[][];
  /** Items of each column in their present order. */
  columns: number[][];
}

/** Height that a bend keeps free in its column, px. */
const BEND_HEIGHT_PX = 10;

export function buildLayers(graph: IndexedGraph, ranks: Int32Array, heights: Float64Array, boxes: Int32Array, boxCount: number): Layers {
  const rank = Array.from(ranks);
  const height = Array.from(heights);
  const box = Array.from(boxes);
  const left: number[] = [];
  const right: number[] = [];
  const weight: number[] = [];
  const chains: number[][] = [];
  for (let e = 0; e < graph.from.length; e++) {
    const u = graph.from[e]!;
    const v = graph.to[e]!;
    const chain = [u];
    const inside = boxes[u] === boxes[v] ? boxes[u]! : -1;
    for (let r = ranks[u]! + 1; r < ranks[v]!; r++) {
      chain.push(rank.length);
      rank.push(r);
      height.push(BEND_HEIGHT_PX);
      box.push(inside);
    }
    chain.push(v);
    for (let k = 1; k < chain.length; k++) {
      const bends = (k > 1 ? 1 : 0) + (k < chain.length - 1 ? 1 : 0);
      left.push(chain[k - 1]!);
      right.push(chain[k]!);
      weight.push(graph.weight[e]! * (bends === 2 ? 8 : bends === 1 ? 2 : 1));
    }
    chains.push(chain);
  }
  const boxFirst = new Int32Array(boxCount).fill(2 ** 30);
  const boxLast = new Int32Array(boxCount).fill(-1);
  for (let v = 0; v < graph.count; v++) {
    const b = boxes[v]!;
    if (b < 0) continue;
    boxFirst[b] = Math.min(boxFirst[b]!, ranks[v]!);
    boxLast[b] = Math.max(boxLast[b]!, ranks[v]!);
  }
  const present = new Set<number>();
  const stride = Math.max(1, ...ranks) + 1;
  for (let i = 0; i < rank.length; i++) if (box[i]! >= 0) present.add(box[i]! * stride + rank[i]!);
  for (let b = 0; b < boxCount; b++) {
    for (let r = boxFirst[b]!; r <= boxLast[b]!; r++) {
      if (present.has(b * stride + r)) continue;
      rank.push(r);
      height.push(1);
      box.push(b);
    }
  }
  let last = 0;
  for (const r of rank) last = Math.max(last, r);
  const columns: number[][] = Array.from({ length: last + 1 }, () => []);
  for (let i = 0; i < rank.length; i++) columns[rank[i]!]!.push(i);
  return {
    count: rank.length,
    nodeCount: graph.count,
    rank: Int32Array.from(rank),
    height: Float64Array.from(height),
    box: Int32Array.from(box),
    boxCount,
    boxFirst,
    boxLast,
    left: Int32Array.from(left),
    right: Int32Array.from(right),
    weight: Float64Array.from(weight),
    chains,
    columns,
  };
}
