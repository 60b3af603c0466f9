/**
 * Measures cubic paths: even samples, points by share of the length, distance to a point.
 *
 * In: paths of the layout (x0,y0, then six numbers a piece). Out: polylines with equal steps, which dots, labels and
 * hit tests all use.
 */
import type { Point } from '../layout/types';

/** Equal steps that every path is cut into. */
export const STEPS = 32;

export interface Polyline {
  /** STEPS + 1 points, x and y in turn, equal distances along the path. */
  points: Float32Array;
  length: number;
}

const FINE = 14;

export function measurePath(path: Float32Array): Polyline {
  const pieces = (path.length - 2) / 6;
  const raw = new Float64Array((pieces * FINE + 1) * 2);
  raw[0] = path[0]!;
  raw[1] = path[1]!;
  let n = 1;
  for (let p = 0; p < pieces; p++) {
    const o = p * 6;
    const x0 = path[o]!, y0 = path[o + 1]!, x1 = path[o + 2]!, y1 = path[o + 3]!, x2 = path[o + 4]!, y2 = path[o + 5]!, x3 = path[o + 6]!, y3 = path[o + 7]!;
    for (let k = 1; k <= FINE; k++) {
      const t = k / FINE;
      const u = 1 - t;
      const a = u * u * u, b = 3 * u * u * t, c = 3 * u * t * t, d = t * t * t;
      raw[n * 2] = a * x0 + b * x1 + c * x2 + d * x3;
      raw[n * 2 + 1] = a * y0 + b * y1 + c * y2 + d * y3;
      n++;
    }
  }
  const along = new Float64Array(n);
  for (let i = 1; i < n; i++) along[i] = along[i - 1]! + Math.hypot(raw[i * 2]! - raw[i * 2 - 2]!, raw[i * 2 + 1]! - raw[i * 2 - 1]!);
  const length = along[n - 1]!;
  const points = new Float32Array((STEPS + 1) * 2);
  let i = 1;
  for (let s = 0; s <= STEPS; s++) {
    const want = (length * s) / STEPS;
    while (i < n - 1 && along[i]! < want) i++;
    const span = along[i]! - along[i - 1]!;
    const f = span > 0 ? Math.min(1, (want - along[i - 1]!) / span) : 0;
    points[s * 2] = raw[i * 2 - 2]! + (raw[i * 2]! - raw[i * 2 - 2]!) * f;
    points[s * 2 + 1] = raw[i * 2 - 1]! + (raw[i * 2 + 1]! - raw[i * 2 - 1]!) * f;
  }
  return { points, length };
}

/** The point at a share (0 to 1) of the length. */
export function pointAt(line: Polyline, share: number): Point {
  const at = Math.max(0, Math.min(STEPS, share * STEPS));
  const i = Math.min(STEPS - 1, Math.floor(at));
  const f = at - i;
  const p = line.points;
  return { x: p[i * 2]! + (p[i * 2 + 2]! - p[i * 2]!) * f, y: p[i * 2 + 1]! + (p[i * 2 + 3]! - p[i * 2 + 1]!) * f };
}

/** Distance from a point to the polyline. */
export function distanceTo(line: Polyline, at: Point): number {
  let best = Infinity;
  const p = line.points;
  for (let i = 0; i < STEPS; i++) {
    const x0 = p[i * 2]!, y0 = p[i * 2 + 1]!;
    const dx = p[i * 2 + 2]! - x0, dy = p[i * 2 + 3]! - y0;
    const size = dx * dx + dy * dy;
    const t = size > 0 ? Math.max(0, Math.min(1, ((at.x - x0) * dx + (at.y - y0) * dy) / size)) : 0;
    best = Math.min(best, Math.hypot(at.x - x0 - t * dx, at.y - y0 - t * dy));
  }
  return best;
}
