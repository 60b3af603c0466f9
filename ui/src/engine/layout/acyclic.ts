/**
 * Chooses the edges that are drawn against the flow, so that the rest has no cycle.
 *
 * In: a graph by indices. Out: one flag per edge. The rule is the greedy one of Eades, Lin and Smyth (1993): peel sinks
 * to the right, sources to the left, else the node that sends most more than it receives. Ties go to the lower index,
 * so that the same graph always gives the same picture.
 */

/** Edges by node index; `weight` counts how much an edge wants to keep its direction. */
export interface IndexedGraph {
  count: number;
  from: Int32Array;
  to: Int32Array;
  weight: Float64Array;
}

/** Lists of edge indices per node, as offsets into one array. */
export interface Adjacency {
  start: Int32Array;
  edges: Int32Array;
}

/** Groups edge indices by one of their ends. */
export function adjacency(count: number, ends: Int32Array): Adjacency {
  const start = new Int32Array(count + 1);
  for (const end of ends) start[end + 1]!++;
  for (let i = 0; i < count; i++) start[i + 1]! += start[i]!;
  const fill = start.slice();
  const edges = new Int32Array(ends.length);
  for (let e = 0; e < ends.length; e++) edges[fill[ends[e]!]!++] = e;
  return { start, edges };
}

/** 1 for each edge that must be turned round. Self loops must not be in the graph. */
export function edgesToReverse(graph: IndexedGraph): Uint8Array {
  const { count, from, to, weight } = graph;
  const out = adjacency(count, from);
  const into = adjacency(count, to);
  const outWeight = new Float64Array(count);
  const inWeight = new Float64Array(count);
  for (let e = 0; e < from.length; e++) {
    outWeight[from[e]!]! += weight[e]!;
    inWeight[to[e]!]! += weight[e]!;
  }
  const outLeft = new Int32Array(count);
  const inLeft = new Int32Array(count);
  for (let v = 0; v < count; v++) {
    outLeft[v] = out.start[v + 1]! - out.start[v]!;
    inLeft[v] = into.start[v + 1]! - into.start[v]!;
  }
  const place = new Int32Array(count).fill(-1);
  let left = 0;
  let right = count - 1;
  const ready: number[] = [];
  const remove = (v: number, at: number): void => {
    place[v] = at;
    for (let k = out.start[v]!; k < out.start[v + 1]!; k++) {
      const e = out.edges[k]!;
      const w = to[e]!;
      inWeight[w]! -= weight[e]!;
      if (--inLeft[w]! === 0 && place[w]! < 0) ready.push(w);
    }
    for (let k = into.start[v]!; k < into.start[v + 1]!; k++) {
      const e = into.edges[k]!;
      const u = from[e]!;
      outWeight[u]! -= weight[e]!;
      if (--outLeft[u]! === 0 && place[u]! < 0) ready.push(u);
    }
  };
  for (let v = 0; v < count; v++) if (outLeft[v] === 0 || inLeft[v] === 0) ready.push(v);
  let remaining = count;
  while (remaining > 0) {
    let at = -1;
    while (ready.length > 0) {
      const v = ready.shift()!;
      if (place[v]! < 0) {
        at = v;
        break;
      }
    }
    if (at >= 0) {
      if (outLeft[at] === 0 && inLeft[at] !== 0) remove(at, right--);
      else remove(at, left++);
    } else {
      let best = -1;
      let bestGain = -Infinity;
      for (let v = 0; v < count; v++) {
        if (place[v]! >= 0) continue;
        const gain = outWeight[v]! - inWeight[v]!;
        if (gain > bestGain) {
          bestGain = gain;
          best = v;
        }
      }
      remove(best, left++);
    }
    remaining--;
  }
  const reversed = new Uint8Array(from.length);
  for (let e = 0; e < from.length; e++) reversed[e] = place[from[e]!]! > place[to[e]!]! ? 1 : 0;
  return reversed;
}
