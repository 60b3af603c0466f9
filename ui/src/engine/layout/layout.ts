/**
 * The layout of the map: graph, earlier positions and pins in; positions, boxes and edge paths out.
 *
 * Deterministic: the same input gives the same picture whatever the order of its lists. With earlier positions nothing
 * that was there moves; only new nodes are placed. This module is pure and runs in the worker beside it.
 */
import { routeAround } from "./around";
import { boxesAround } from "./boxes";
import { layoutComponent } from "./component";
import { placeNewNodes } from "./incremental";
import { packParts } from "./pack";
import { routeLoop, type RouteEnd } from "./route";
import { DEFAULT_OPTIONS, type LayoutBox, type LayoutEdge, type LayoutInput, type LayoutNode, type LayoutOptions, type LayoutResult, type Point } from "./types";

const byId = (a: { id: string }, b: { id: string }): number => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);

export function layout(input: LayoutInput): LayoutResult {
  const options: LayoutOptions = { ...DEFAULT_OPTIONS, ...input.options };
  const nodes = [...input.nodes].sort(byId);
  const known = new Set(nodes.map((n) => n.id));
  const edges = input.edges.filter((e) => known.has(e.source) && known.has(e.target)).sort(byId);
  const pins = new Map(Object.entries(input.pins ?? {}).filter(([id]) => known.has(id)));
  const before = new Map(Object.entries(input.previous?.positions ?? {}).filter(([id]) => known.has(id)));
  for (const [id, at] of pins) if (before.size > 0) before.set(id, at);
  const kept = placeNewNodes(nodes, edges, before, new Set(pins.keys()), options);
  if (kept) {
    for (const [id, at] of pins) kept.set(id, at);
    return keepPicture(nodes, edges, kept, input.previous, options);
  }
  return freshPicture(nodes, edges, pins, options);
}

function freshPicture(nodes: LayoutNode[], edges: LayoutEdge[], pins: Map<string, Point>, options: LayoutOptions): LayoutResult {
  const parts = connectedParts(nodes, edges).map((part) => layoutComponent(part.nodes, part.edges, options));
  const corners = packParts(parts, options.nodeGapPx * 2, options.aspect);
  const positions = new Map<string, Point>();
  const paths: Record<string, Float32Array> = {};
  const boxes: LayoutBox[] = [];
  const ranks: Record<string, number> = {};
  const reversed: string[] = [];
  parts.forEach((part, i) => {
    const corner = corners[i]!;
    for (const [id, at] of part.positions) positions.set(id, { x: at.x + corner.x, y: at.y + corner.y });
    for (const [id, path] of part.paths) paths[id] = path.map((v, k) => v + (k % 2 === 0 ? corner.x : corner.y));
    for (const box of part.boxes) boxes.push({ ...box, x: box.x + corner.x, y: box.y + corner.y });
    for (const [id, rank] of part.ranks) ranks[id] = rank;
    reversed.push(...part.reversed);
  });
  boxes.sort(byId);
  if (pins.size === 0) return finish(nodes, positions, boxes, paths, { ranks, reversed, fresh: true });
  for (const [id, at] of pins) positions.set(id, at);
  reroute(nodes, edges.filter((e) => pins.has(e.source) || pins.has(e.target)), positions, paths);
  return finish(nodes, positions, boxesAround(nodes, (id) => positions.get(id), options), paths, { ranks, reversed, fresh: true });
}

function keepPicture(
  nodes: LayoutNode[],
  edges: LayoutEdge[],
  positions: Map<string, Point>,
  previous: LayoutInput["previous"],
  options: LayoutOptions,
): LayoutResult {
  const paths: Record<string, Float32Array> = {};
  const changed: LayoutEdge[] = [];
  const stays = (id: string): boolean => {
    const was = previous?.positions[id];
    const is = positions.get(id)!;
    return was !== undefined && Math.abs(was.x - is.x) < 0.01 && Math.abs(was.y - is.y) < 0.01;
  };
  for (const edge of edges) {
    const path = previous?.paths[edge.id];
    if (path && stays(edge.source) && stays(edge.target)) paths[edge.id] = path;
    else changed.push(edge);
  }
  reroute(nodes, changed, positions, paths);
  return finish(nodes, positions, boxesAround(nodes, (id) => positions.get(id), options), paths, { reversed: [], fresh: false });
}

function reroute(nodes: LayoutNode[], edges: LayoutEdge[], positions: Map<string, Point>, paths: Record<string, Float32Array>): void {
  const ends = new Map<string, RouteEnd>(nodes.map((n) => [n.id, { ...positions.get(n.id)!, width: n.width, height: n.height }]));
  const all = [...ends.values()];
  for (const edge of edges) {
    const source = ends.get(edge.source)!;
    paths[edge.id] = edge.source === edge.target ? routeLoop(source) : routeAround(source, ends.get(edge.target)!, all);
  }
}

function finish(
  nodes: LayoutNode[],
  positions: Map<string, Point>,
  boxes: LayoutBox[],
  paths: Record<string, Float32Array>,
  rest: Pick<LayoutResult, "ranks" | "reversed" | "fresh">,
): LayoutResult {
  let width = 0;
  let height = 0;
  for (const node of nodes) {
    const at = positions.get(node.id)!;
    width = Math.max(width, at.x + node.width / 2);
    height = Math.max(height, at.y + node.height / 2);
  }
  for (const box of boxes) {
    width = Math.max(width, box.x + box.width);
    height = Math.max(height, box.y + box.height);
  }
  return { positions: Object.fromEntries(positions), boxes, paths, width, height, ...rest };
}

/** Parts that no edge and no box connects, largest first, ties by the first node's id. */
function connectedParts(nodes: LayoutNode[], edges: LayoutEdge[]): { nodes: LayoutNode[]; edges: LayoutEdge[] }[] {
  const parent = new Map(nodes.map((n) => [n.id, n.id]));
  const find = (id: string): string => {
    let root = id;
    while (parent.get(root) !== root) root = parent.get(root)!;
    for (let v = id; v !== root; ) {
      const next = parent.get(v)!;
      parent.set(v, root);
      v = next;
    }
    return root;
  };
  const join = (a: string, b: string): void => {
    const [x, y] = [find(a), find(b)];
    if (x !== y) parent.set(x < y ? y : x, x < y ? x : y);
  };
  for (const edge of edges) join(edge.source, edge.target);
  const firstOfBox = new Map<string, string>();
  for (const node of nodes) {
    if (node.box === undefined) continue;
    const first = firstOfBox.get(node.box);
    if (first === undefined) firstOfBox.set(node.box, node.id);
    else join(first, node.id);
  }
  const parts = new Map<string, { nodes: LayoutNode[]; edges: LayoutEdge[] }>();
  for (const node of nodes) {
    const root = find(node.id);
    let part = parts.get(root);
    if (!part) parts.set(root, (part = { nodes: [], edges: [] }));
    part.nodes.push(node);
  }
  for (const edge of edges) parts.get(find(edge.source))!.edges.push(edge);
  return [...parts.values()].sort((a, b) => b.nodes.length - a.nodes.length || byId(a.nodes[0]!, b.nodes[0]!));
}
