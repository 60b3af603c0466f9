/**
 * Routes one edge through a picture that already stands, past the nodes in between.
 *
 * In: the two ends and the rectangles of all nodes. Out: a cubic path. Used for edges that came after the layout and for
 * edges of moved nodes; the layout proper keeps a slot for each edge instead.
 */
import { routeDirect, routeForward, turnRound, type Bend, type RouteEnd } from "./route";

/** Space kept between a line and a node that it passes, px. */
const CLEARANCE_PX = 10;

export function routeAround(source: RouteEnd, target: RouteEnd, nodes: readonly RouteEnd[]): Float32Array {
  const flows = target.x - target.width / 2 > source.x + source.width / 2 + 16;
  const backwards = source.x - source.width / 2 > target.x + target.width / 2 + 16;
  if (!flows && !backwards) return routeDirect(source, target);
  const [from, to] = flows ? [source, target] : [target, source];
  const bends = bendsBetween(from, to, nodes);
  if (bends.length === 0) return routeDirect(source, target);
  const path = routeForward(from, to, bends, from.y, to.y);
  return flows ? path : turnRound(path);
}

function bendsBetween(from: RouteEnd, to: RouteEnd, nodes: readonly RouteEnd[]): Bend[] {
  const x0 = from.x + from.width / 2;
  const x1 = to.x - to.width / 2;
  const between = nodes
    .filter((n) => n !== from && n !== to && n.x - n.width / 2 > x0 && n.x + n.width / 2 < x1)
    .sort((a, b) => a.x - b.x || a.y - b.y);
  const columns: { left: number; right: number; nodes: RouteEnd[] }[] = [];
  for (const node of between) {
    const left = node.x - node.width / 2;
    const right = node.x + node.width / 2;
    const column = columns[columns.length - 1];
    if (column && left < column.right) {
      column.left = Math.min(column.left, left);
      column.right = Math.max(column.right, right);
      column.nodes.push(node);
    } else columns.push({ left, right, nodes: [node] });
  }
  const bends: Bend[] = [];
  let y = from.y;
  let x = x0;
  for (const column of columns) {
    const middle = (column.left + column.right) / 2;
    const wish = y + ((to.y - y) * (middle - x)) / Math.max(1, x1 - x);
    const free = freeHeight(column.nodes, wish);
    if (free === wish && bends.length === 0 && Math.abs(wish - from.y) < 4) continue;
    bends.push({ y: free, left: column.left, right: column.right });
    y = free;
    x = column.right;
  }
  return bends;
}

/** The height nearest to `wish` at which a line passes the column without touching a node. */
function freeHeight(nodes: RouteEnd[], wish: number): number {
  const blocked = (y: number): boolean => nodes.some((n) => Math.abs(n.y - y) < n.height / 2 + CLEARANCE_PX - 0.01);
  if (!blocked(wish)) return wish;
  let best = Infinity;
  for (const n of nodes) {
    for (const y of [n.y - n.height / 2 - CLEARANCE_PX, n.y + n.height / 2 + CLEARANCE_PX]) {
      if (!blocked(y) && Math.abs(y - wish) < Math.abs(best - wish)) best = y;
    }
  }
  return best === Infinity ? wish : best;
}
