/**
 * Finds places for new nodes in a picture that already stands.
 *
 * In: nodes, edges, the centres that are kept. Out: centres of all nodes, or nothing when too much is new or a new node
 * finds no place without pushing others: then the caller lays everything out anew, which is the honest thing to show.
 */
import { boxesAround, boxesCollide } from "./boxes";
import type { LayoutEdge, LayoutNode, LayoutOptions, Point } from "./types";

/** Share of new nodes above which the old picture is given up. */
const MOST_NEW = 0.34;
const TRIES = 60;

export function placeNewNodes(
  nodes: readonly LayoutNode[],
  edges: readonly LayoutEdge[],
  kept: ReadonlyMap<string, Point>,
  pinned: ReadonlySet<string>,
  options: LayoutOptions,
): Map<string, Point> | undefined {
  const fresh = nodes.filter((n) => !kept.has(n.id));
  if (kept.size === 0 || fresh.length > Math.max(1, nodes.length * MOST_NEW)) return undefined;
  const placed = new Map<string, Point>();
  for (const node of nodes) {
    const at = kept.get(node.id);
    if (at) placed.set(node.id, at);
  }
  const at = (id: string): Point | undefined => placed.get(id);
  const free = nodes.filter((n) => !pinned.has(n.id));
  // Pins may put a node anywhere, even over a box: that is the user's choice and no reason to move the rest.
  if (boxesCollide(boxesAround(free, at, options), free, at)) return undefined;
  const columns = [...new Set([...placed.values()].map((p) => Math.round(p.x)))].sort((a, b) => a - b);
  const waiting = new Set(fresh);
  while (waiting.size > 0) {
    // Those that know most placed neighbours first; ties by the order of nodes.
    let next: LayoutNode | undefined;
    let most = -1;
    for (const node of waiting) {
      const known = edges.filter((e) => (e.source === node.id && placed.has(e.target)) || (e.target === node.id && placed.has(e.source))).length;
      if (known > most) {
        most = known;
        next = node;
      }
    }
    if (!next) break;
    const spot = findSpot(next, nodes, edges, placed, columns, options);
    if (!spot) return undefined;
    placed.set(next.id, spot);
    waiting.delete(next);
  }
  return placed;
}

function findSpot(
  node: LayoutNode,
  nodes: readonly LayoutNode[],
  edges: readonly LayoutEdge[],
  placed: ReadonlyMap<string, Point>,
  columns: number[],
  options: LayoutOptions,
): Point | undefined {
  const wish = wishFor(node, nodes, edges, placed, options);
  const near = columns.filter((x) => Math.abs(x - wish.x) < node.width + options.rankGapPx * 2).sort((a, b) => Math.abs(a - wish.x) - Math.abs(b - wish.x));
  const step = (node.height + options.nodeGapPx) / 2;
  let best: Point | undefined;
  let bestCost = Infinity;
  for (const x of [...near.slice(0, 3), wish.x]) {
    for (let k = 0; k < TRIES; k++) {
      const y = wish.y + (k % 2 === 0 ? 1 : -1) * Math.ceil(k / 2) * step;
      const cost = Math.abs(x - wish.x) * 1.5 + Math.abs(y - wish.y);
      if (cost >= bestCost) continue;
      if (fits(node, { x, y }, nodes, placed, options)) {
        best = { x, y };
        bestCost = cost;
        break;
      }
    }
  }
  return best;
}

/** Right of its callers, else left of those it calls, else below everything. */
function wishFor(node: LayoutNode, nodes: readonly LayoutNode[], edges: readonly LayoutEdge[], placed: ReadonlyMap<string, Point>, options: LayoutOptions): Point {
  const callers = edges.filter((e) => e.target === node.id && placed.has(e.source)).map((e) => placed.get(e.source)!);
  const callees = edges.filter((e) => e.source === node.id && placed.has(e.target)).map((e) => placed.get(e.target)!);
  const stride = node.width + options.rankGapPx;
  const all = [...callers, ...callees];
  if (all.length > 0) {
    const y = all.reduce((sum, p) => sum + p.y, 0) / all.length;
    const x = callers.length > 0 ? Math.max(...callers.map((p) => p.x)) + stride : Math.min(...callees.map((p) => p.x)) - stride;
    return { x, y };
  }
  const mates = nodes.filter((n) => n.box !== undefined && n.box === node.box && placed.has(n.id)).map((n) => placed.get(n.id)!);
  const around = mates.length > 0 ? mates : [...placed.values()];
  return { x: Math.min(...around.map((p) => p.x)), y: Math.max(...around.map((p) => p.y)) + node.height + options.nodeGapPx };
}

function fits(node: LayoutNode, at: Point, nodes: readonly LayoutNode[], placed: ReadonlyMap<string, Point>, options: LayoutOptions): boolean {
  for (const other of nodes) {
    const p = placed.get(other.id);
    if (!p) continue;
    const clearX = (node.width + other.width) / 2 + options.nodeGapPx * 0.6;
    const clearY = (node.height + other.height) / 2 + options.nodeGapPx * 0.6;
    if (Math.abs(p.x - at.x) < clearX && Math.abs(p.y - at.y) < clearY) return false;
  }
  const look = (id: string): Point | undefined => (id === node.id ? at : placed.get(id));
  return !boxesCollide(boxesAround(nodes, look, options), nodes, look);
}
