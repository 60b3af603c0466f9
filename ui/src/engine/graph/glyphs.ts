/**
 * Small signs drawn with lines: what a node is, and its badges.
 *
 * In: a centre and a size (the signs are designed in a square of 16). Out: strokes through the pen, so that the screen,
 * the PNG and the SVG show the same.
 */
import type { Outline, Pen } from './pen';
import { circle, roundRect } from './shapes';
import type { Badge, NodeKind } from './types';

type Sign = (p: Outline) => void;

const line = (p: Outline, ...xy: number[]): void => {
  p.moveTo(xy[0]!, xy[1]!);
  for (let i = 2; i < xy.length; i += 2) p.lineTo(xy[i]!, xy[i + 1]!);
};

const KINDS: Record<NodeKind, Sign> = {
  // Two stacked machines with a lamp each.
  service: (p) => {
    roundRect(p, { x: -6, y: -6, width: 12, height: 5 }, 1.5);
    roundRect(p, { x: -6, y: 1, width: 12, height: 5 }, 1.5);
    line(p, -3.4, -3.5, -3.3, -3.5);
    line(p, -3.4, 3.5, -3.3, 3.5);
  },
  database: (p) => {
    p.moveTo(-5.5, -4);
    p.bezierCurveTo(-5.5, -7.2, 5.5, -7.2, 5.5, -4);
    p.bezierCurveTo(5.5, -0.8, -5.5, -0.8, -5.5, -4);
    p.lineTo(-5.5, 4);
    p.bezierCurveTo(-5.5, 7.2, 5.5, 7.2, 5.5, 4);
    p.lineTo(5.5, -4);
    p.moveTo(-5.5, 0);
    p.bezierCurveTo(-5.5, 3.2, 5.5, 3.2, 5.5, 0);
  },
  cache: (p) => line(p, 1.5, -6.5, -4.5, 1, 0, 1, -1.5, 6.5, 4.5, -1, 0, -1, 1.5, -6.5),
  queue: (p) => {
    line(p, -6, -5, -6, 5);
    line(p, -2.5, -3.5, -2.5, 3.5);
    line(p, 1, -3.5, 1, 3.5);
    line(p, 3.5, 0, 6.5, 0);
    line(p, 4.8, -2, 6.8, 0, 4.8, 2);
  },
  external: (p) => {
    circle(p, 0, 0, 6.2);
    line(p, -6.2, 0, 6.2, 0);
    p.moveTo(0, -6.2);
    p.bezierCurveTo(3.6, -3, 3.6, 3, 0, 6.2);
    p.bezierCurveTo(-3.6, 3, -3.6, -3, 0, -6.2);
  },
  unknown: (p) => {
    p.moveTo(-3, -3.2);
    p.bezierCurveTo(-3, -7.4, 3.4, -7.2, 3.2, -3.2);
    p.bezierCurveTo(3, -0.8, 0, -0.8, 0, 2);
    line(p, 0, 5.4, 0, 5.5);
  },
  operation: (p) => line(p, -2, -5.5, -6, 0, -2, 5.5),
  workload: (p) => {
    line(p, 0, -6.5, 5.8, -3.2, 5.8, 3.2, 0, 6.5, -5.8, 3.2, -5.8, -3.2, 0, -6.5);
    line(p, -5.8, -3.2, 0, 0, 5.8, -3.2);
    line(p, 0, 0, 0, 6.5);
  },
  group: (p) => {
    roundRect(p, { x: -6, y: -6, width: 5, height: 5 }, 1);
    roundRect(p, { x: 1, y: -6, width: 5, height: 5 }, 1);
    roundRect(p, { x: -6, y: 1, width: 5, height: 5 }, 1);
    roundRect(p, { x: 1, y: 1, width: 5, height: 5 }, 1);
  },
};

const BADGES: Record<Badge, Sign> = {
  entry: (p) => {
    line(p, -5, 0, 2, 0);
    line(p, -1, -3.4, 2.6, 0, -1, 3.4);
    line(p, 5, -4.5, 5, 4.5);
  },
  'missing-context': (p) => {
    line(p, -5.5, 0, -1.8, 0);
    line(p, 1.8, 0, 5.5, 0);
    line(p, -1.6, 3.6, 1.6, -3.6);
  },
  secure: (p) => {
    roundRect(p, { x: -4.2, y: -1, width: 8.4, height: 6.4 }, 1.4);
    p.moveTo(-2.6, -1);
    p.bezierCurveTo(-2.8, -6.6, 2.8, -6.6, 2.6, -1);
  },
  insecure: (p) => {
    roundRect(p, { x: -4.2, y: -1, width: 8.4, height: 6.4 }, 1.4);
    p.moveTo(-2.6, -1);
    p.bezierCurveTo(-2.8, -6.6, 2.8, -6.6, 2.8, -3.6);
  },
  version: (p) => line(p, -4.5, -4, 0, 4.5, 4.5, -4),
  pinned: (p) => {
    circle(p, 0, -2.4, 3.2);
    line(p, 0, 1, 0, 6);
  },
};

export function drawKind(pen: Pen, kind: NodeKind, x: number, y: number, size: number, color: string): void {
  draw(pen, KINDS[kind], x, y, size, color);
}

export function drawBadge(pen: Pen, badge: Badge, x: number, y: number, size: number, color: string): void {
  draw(pen, BADGES[badge], x, y, size, color);
}

function draw(pen: Pen, sign: Sign, x: number, y: number, size: number, color: string): void {
  const s = size / 16;
  pen.shape(
    (path) =>
      sign({
        moveTo: (a, b) => path.moveTo(x + a * s, y + b * s),
        lineTo: (a, b) => path.lineTo(x + a * s, y + b * s),
        bezierCurveTo: (a, b, c, d, e, f) => path.bezierCurveTo(x + a * s, y + b * s, x + c * s, y + d * s, x + e * s, y + f * s),
        closePath: () => path.closePath(),
      }),
    { stroke: color, width: 1.5 * s },
  );
}
