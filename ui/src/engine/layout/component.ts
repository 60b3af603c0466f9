/**
 * Lays out one connected part of the graph.
 *
 * In: nodes and edges of the part. Out: centres, boxes and paths with the upper left corner at 0,0. The steps are those
 * of Sugiyama (1981), one module each: acyclic, ranks, layers, order, coordinates, route.
 */
import { edgesToReverse, type IndexedGraph } from "./acyclic";
import { assignHeights } from "./coordinates";
import { buildLayers, type Layers } from "./layers";
import { orderColumns } from "./order";
import { assignRanks } from "./ranks";
import { routeForward, routeLoop, turnRound, type Bend, type RouteEnd } from "./route";
import type { LayoutBox, LayoutEdge, LayoutNode, LayoutOptions, Point } from "./types";

export interface Part {
  positions: Map<string, Point>;
  ranks: Map<string, number>;
  boxes: LayoutBox[];
  paths: Map<string, Float32Array>;
  reversed: string[];
  width: number;
  height: number;
}

export function layoutComponent(nodes: LayoutNode[], edges: LayoutEdge[], options: LayoutOptions): Part {
  const index = new Map(nodes.map((n, i) => [n.id, i]));
  const loops = edges.filter((e) => e.source === e.target);
  const real = edges.filter((e) => e.source !== e.target);
  const graph: IndexedGraph = {
    count: nodes.length,
    from: Int32Array.from(real, (e) => index.get(e.source)!),
    to: Int32Array.from(real, (e) => index.get(e.target)!),
    weight: Float64Array.from(real, (e) => e.weight ?? 1),
  };
  const reversed = edgesToReverse(graph);
  const acyclic: IndexedGraph = {
    ...graph,
    from: graph.from.map((u, e) => (reversed[e] ? graph.to[e]! : u)),
    to: graph.to.map((v, e) => (reversed[e] ? graph.from[e]! : v)),
  };
  const boxNames = [...new Set(nodes.map((n) => n.box).filter((b): b is string => b !== undefined))].sort();
  const boxIndex = new Map(boxNames.map((b, i) => [b, i]));
  const boxes = Int32Array.from(nodes, (n) => (n.box === undefined ? -1 : boxIndex.get(n.box)!));
  const ranks = assignRanks(acyclic, Math.max(7, Math.ceil(Math.sqrt(nodes.length) * 1.3)));
  spreadLoners(acyclic, boxes, ranks);
  const layers = buildLayers(acyclic, ranks, Float64Array.from(nodes, (n) => n.height), boxes, boxNames.length);
  orderColumns(layers);
  const heights = assignHeights(layers, options);
  const columns = columnBorders(layers, nodes, options);

  const top = extremes(layers, heights.y, heights.boxTop, heights.boxBottom);
  const ends: RouteEnd[] = nodes.map((n, i) => ({
    x: (columns.left[layers.rank[i]!]! + columns.right[layers.rank[i]!]!) / 2,
    y: heights.y[i]! - top.low,
    width: n.width,
    height: n.height,
  }));
  const paths = new Map<string, Float32Array>();
  const ports = spreadPorts(layers, ends, heights.y, top.low);
  real.forEach((edge, e) => {
    const chain = layers.chains[e]!;
    const bends: Bend[] = chain.slice(1, -1).map((item) => ({
      y: heights.y[item]! - top.low,
      left: columns.left[layers.rank[item]!]!,
      right: columns.right[layers.rank[item]!]!,
    }));
    const path = routeForward(ends[chain[0]!]!, ends[chain[chain.length - 1]!]!, bends, ports.leave[e]!, ports.arrive[e]!);
    paths.set(edge.id, reversed[e] ? turnRound(path) : path);
  });
  for (const loop of loops) paths.set(loop.id, routeLoop(ends[index.get(loop.source)!]!));
  const lastColumn = columns.right.length - 1;
  const endsInBox = boxNames.some((_, b) => layers.boxLast[b] === lastColumn);
  return {
    positions: new Map(nodes.map((n, i) => [n.id, { x: ends[i]!.x, y: ends[i]!.y }])),
    ranks: new Map(nodes.map((n, i) => [n.id, layers.rank[i]!])),
    boxes: boxNames.map((id, b) => ({
      id,
      x: columns.left[layers.boxFirst[b]!]! - options.boxPadPx,
      y: heights.boxTop[b]! - top.low,
      width: columns.right[layers.boxLast[b]!]! - columns.left[layers.boxFirst[b]!]! + 2 * options.boxPadPx,
      height: heights.boxBottom[b]! - heights.boxTop[b]!,
    })),
    paths,
    reversed: real.filter((_, e) => reversed[e]).map((e) => e.id),
    width: columns.right[lastColumn]! + (endsInBox ? options.boxPadPx : 0),
    height: top.high - top.low,
  };
}

/** Nodes of a box that have no edges fill the box's emptier columns instead of one tall first column. */
function spreadLoners(graph: IndexedGraph, boxes: Int32Array, ranks: Int32Array): void {
  const linked = new Uint8Array(graph.count);
  for (const v of graph.from) linked[v] = 1;
  for (const v of graph.to) linked[v] = 1;
  const byBox = new Map<number, number[]>();
  for (let v = 0; v < graph.count; v++) {
    if (linked[v] || boxes[v]! < 0) continue;
    byBox.set(boxes[v]!, [...(byBox.get(boxes[v]!) ?? []), v]);
  }
  for (const [box, loners] of byBox) {
    let first = Number.MAX_SAFE_INTEGER;
    let last = -1;
    for (let v = 0; v < graph.count; v++) {
      if (boxes[v] !== box || !linked[v]) continue;
      first = Math.min(first, ranks[v]!);
      last = Math.max(last, ranks[v]!);
    }
    if (last < 0) {
      first = 0;
      last = Math.ceil(Math.sqrt(loners.length / 2)) - 1;
    }
    const used = new Array<number>(last - first + 1).fill(0);
    for (let v = 0; v < graph.count; v++) if (boxes[v] === box && linked[v]) used[ranks[v]! - first]!++;
    for (const v of loners) {
      const at = used.indexOf(Math.min(...used));
      ranks[v] = first + at;
      used[at]!++;
    }
  }
}

/** Left and right border of each column; room is left for the borders of boxes that start or end there. */
function columnBorders(layers: Layers, nodes: LayoutNode[], options: LayoutOptions): { left: Float64Array; right: Float64Array } {
  const count = layers.columns.length;
  const width = new Float64Array(count);
  for (let v = 0; v < layers.nodeCount; v++) width[layers.rank[v]!] = Math.max(width[layers.rank[v]!]!, nodes[v]!.width);
  const starts = new Uint8Array(count);
  const stops = new Uint8Array(count);
  for (let b = 0; b < layers.boxCount; b++) {
    starts[layers.boxFirst[b]!] = 1;
    stops[layers.boxLast[b]!] = 1;
  }
  const left = new Float64Array(count);
  const right = new Float64Array(count);
  let x = starts[0] ? options.boxPadPx : 0;
  for (let r = 0; r < count; r++) {
    left[r] = x;
    right[r] = x + width[r]!;
    x = right[r]! + options.rankGapPx + (stops[r] ? options.boxPadPx * 0.7 : 0) + (r + 1 < count && starts[r + 1] ? options.boxPadPx * 0.7 : 0);
  }
  return { left, right };
}

function extremes(layers: Layers, y: Float64Array, boxTop: Float64Array, boxBottom: Float64Array): { low: number; high: number } {
  let low = Infinity;
  let high = -Infinity;
  for (let i = 0; i < layers.count; i++) {
    low = Math.min(low, y[i]! - layers.height[i]! / 2);
    high = Math.max(high, y[i]! + layers.height[i]! / 2);
  }
  for (const v of boxTop) low = Math.min(low, v);
  for (const v of boxBottom) high = Math.max(high, v);
  return { low, high };
}

/** Spreads the ends of edges over a node's side, in the order of where they go, so that no two lines lie on each other. */
function spreadPorts(layers: Layers, ends: RouteEnd[], y: Float64Array, low: number): { leave: Float64Array; arrive: Float64Array } {
  const leave = new Float64Array(layers.chains.length);
  const arrive = new Float64Array(layers.chains.length);
  const out: [number, number][][] = ends.map(() => []);
  const into: [number, number][][] = ends.map(() => []);
  layers.chains.forEach((chain, e) => {
    out[chain[0]!]!.push([y[chain[1]!]!, e]);
    into[chain[chain.length - 1]!]!.push([y[chain[chain.length - 2]!]!, e]);
  });
  const spread = (list: [number, number][], node: RouteEnd, target: Float64Array): void => {
    list.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    const step = list.length > 1 ? Math.min(9, (node.height * 0.56) / (list.length - 1)) : 0;
    list.forEach(([wish, e], i) => {
      // A single line may leave a little off the middle when that makes it straight.
      const free = list.length === 1 ? Math.max(-node.height * 0.22, Math.min(node.height * 0.22, wish - low - node.y)) : 0;
      target[e] = node.y + free + (i - (list.length - 1) / 2) * step;
    });
  };
  ends.forEach((node, v) => {
    spread(out[v]!, node, leave);
    spread(into[v]!, node, arrive);
  });
  return { leave, arrive };
}
