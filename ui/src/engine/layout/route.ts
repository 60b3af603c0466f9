/**
 * Turns placed items into the paths of edges.
 *
 * In: centres and sizes of an edge's two ends and the bends between them. Out: one cubic path per edge, from border to
 * border, level where it leaves and arrives. A bend is passed as a level stretch through its column, so that the line
 * never cuts a node of that column.
 */
import type { Point } from "./types";

export interface RouteEnd extends Point {
  width: number;
  height: number;
}

/** A bend: its y and the left and right border of its column. */
export interface Bend {
  y: number;
  left: number;
  right: number;
}

/** Path of an edge that flows left to right from `source` to `target`; `leaveY` and `arriveY` are the heights at its ends. */
export function routeForward(source: RouteEnd, target: RouteEnd, bends: Bend[], leaveY: number, arriveY: number): Float32Array {
  const path: number[] = [source.x + source.width / 2, leaveY];
  for (const bend of bends) {
    curveTo(path, bend.left, bend.y);
    if (bend.right > bend.left) lineTo(path, bend.right, bend.y);
  }
  curveTo(path, target.x - target.width / 2, arriveY);
  return Float32Array.from(path);
}

/** The same path in the other direction. */
export function turnRound(path: Float32Array): Float32Array {
  const turned = new Float32Array(path.length);
  for (let i = 0; i < path.length; i += 2) {
    turned[i] = path[path.length - 2 - i]!;
    turned[i + 1] = path[path.length - 1 - i]!;
  }
  return turned;
}

/** Path without bends between two nodes anywhere: for moved nodes and for edges that came after the layout. */
export function routeDirect(source: RouteEnd, target: RouteEnd): Float32Array {
  const dx = target.x - source.x;
  const dy = target.y - source.y;
  const clear = Math.abs(dx) - (source.width + target.width) / 2;
  if (clear > 16) {
    const way = Math.sign(dx);
    const x0 = source.x + (way * source.width) / 2;
    const x1 = target.x - (way * target.width) / 2;
    const reach = Math.max(24, Math.abs(x1 - x0) * 0.45) * way;
    return Float32Array.of(x0, source.y, x0 + reach, source.y, x1 - reach, target.y, x1, target.y);
  }
  // One above the other: leave and arrive at the same side, in a bow.
  const side = dx >= 0 ? 1 : -1;
  const x0 = source.x + (side * source.width) / 2;
  const x1 = target.x + (side * target.width) / 2;
  const bow = Math.max(x0 * side, x1 * side) * side + side * (28 + Math.min(60, Math.abs(dy) * 0.15));
  return Float32Array.of(x0, source.y, bow, source.y, bow, target.y, x1, target.y);
}

/** A loop at the upper right corner of a node that calls itself. */
export function routeLoop(node: RouteEnd): Float32Array {
  const top = node.y - node.height / 2;
  const right = node.x + node.width / 2;
  const size = Math.min(30, node.height * 0.7);
  return Float32Array.of(right - size * 0.9, top, right - size * 0.9, top - size, right + size, top - size * 0.4, right, node.y - node.height * 0.18);
}

function curveTo(path: number[], x: number, y: number): void {
  const x0 = path[path.length - 2]!;
  const y0 = path[path.length - 1]!;
  const reach = (x - x0) * 0.5;
  path.push(x0 + reach, y0, x - reach, y, x, y);
}

function lineTo(path: number[], x: number, y: number): void {
  const x0 = path[path.length - 2]!;
  const y0 = path[path.length - 1]!;
  path.push(x0 + (x - x0) / 3, y0 + (y - y0) / 3, x - (x - x0) / 3, y - (y - y0) / 3, x, y);
}
