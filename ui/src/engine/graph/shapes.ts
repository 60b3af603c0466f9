/**
 * Outlines of nodes by kind. The shape says what a thing is without any colour.
 *
 * In: a rectangle. Out: outline calls. Services are cards, databases cylinders, caches hexagons, queues pipes, externals
 * capsules, unknown hosts dashed cards, groups stacks of cards.
 */
import type { Rect } from '../contract';
import type { Outline } from './pen';
import type { NodeKind } from './types';

/** Share of a quarter circle's radius at which a cubic's handle lies. */
const ROUND = 0.5523;

export function nodeOutline(kind: NodeKind, r: Rect): (path: Outline) => void {
  switch (kind) {
    case 'database':
      return (p) => cylinder(p, r);
    case 'cache':
      return (p) => hexagon(p, r);
    case 'queue':
      return (p) => pipe(p, r);
    case 'external':
      return (p) => roundRect(p, r, r.height / 2);
    case 'operation':
      return (p) => roundRect(p, r, 4);
    case 'workload':
      return (p) => roundRect(p, r, 2);
    default:
      return (p) => roundRect(p, r, 10);
  }
}

/** Lines drawn on top of the outline: the lid of a cylinder, the mouth of a pipe. */
export function nodeDetail(kind: NodeKind, r: Rect): ((path: Outline) => void) | undefined {
  if (kind === 'database') {
    return (p) => {
      const ry = 5;
      p.moveTo(r.x, r.y + ry);
      p.bezierCurveTo(r.x, r.y + ry * 2.3, r.x + r.width, r.y + ry * 2.3, r.x + r.width, r.y + ry);
    };
  }
  if (kind === 'queue') {
    return (p) => {
      const rx = 6;
      const right = r.x + r.width;
      p.moveTo(right - rx, r.y);
      p.bezierCurveTo(right - rx * 2.3, r.y, right - rx * 2.3, r.y + r.height, right - rx, r.y + r.height);
    };
  }
  return undefined;
}

export function roundRect(p: Outline, r: Rect, radius: number): void {
  const k = Math.min(radius, r.width / 2, r.height / 2);
  const h = k * (1 - ROUND);
  const x1 = r.x + r.width;
  const y1 = r.y + r.height;
  p.moveTo(r.x + k, r.y);
  p.lineTo(x1 - k, r.y);
  p.bezierCurveTo(x1 - h, r.y, x1, r.y + h, x1, r.y + k);
  p.lineTo(x1, y1 - k);
  p.bezierCurveTo(x1, y1 - h, x1 - h, y1, x1 - k, y1);
  p.lineTo(r.x + k, y1);
  p.bezierCurveTo(r.x + h, y1, r.x, y1 - h, r.x, y1 - k);
  p.lineTo(r.x, r.y + k);
  p.bezierCurveTo(r.x, r.y + h, r.x + h, r.y, r.x + k, r.y);
  p.closePath();
}

export function circle(p: Outline, x: number, y: number, radius: number): void {
  roundRect(p, { x: x - radius, y: y - radius, width: radius * 2, height: radius * 2 }, radius);
}

export function diamond(p: Outline, x: number, y: number, radius: number): void {
  p.moveTo(x, y - radius);
  p.lineTo(x + radius, y);
  p.lineTo(x, y + radius);
  p.lineTo(x - radius, y);
  p.closePath();
}

export function triangle(p: Outline, x: number, y: number, radius: number): void {
  p.moveTo(x, y - radius);
  p.lineTo(x + radius * 0.95, y + radius * 0.75);
  p.lineTo(x - radius * 0.95, y + radius * 0.75);
  p.closePath();
}

function cylinder(p: Outline, r: Rect): void {
  const ry = 5;
  const x1 = r.x + r.width;
  const y1 = r.y + r.height;
  p.moveTo(r.x, r.y + ry);
  p.bezierCurveTo(r.x, r.y - ry * 0.4, x1, r.y - ry * 0.4, x1, r.y + ry);
  p.lineTo(x1, y1 - ry);
  p.bezierCurveTo(x1, y1 + ry * 0.4, r.x, y1 + ry * 0.4, r.x, y1 - ry);
  p.closePath();
}

function pipe(p: Outline, r: Rect): void {
  const rx = 6;
  const x1 = r.x + r.width;
  const y1 = r.y + r.height;
  p.moveTo(r.x + rx, r.y);
  p.lineTo(x1 - rx, r.y);
  p.bezierCurveTo(x1 + rx * 0.4, r.y, x1 + rx * 0.4, y1, x1 - rx, y1);
  p.lineTo(r.x + rx, y1);
  p.bezierCurveTo(r.x - rx * 0.4, y1, r.x - rx * 0.4, r.y, r.x + rx, r.y);
  p.closePath();
}

function hexagon(p: Outline, r: Rect): void {
  const cut = 11;
  const x1 = r.x + r.width;
  const y1 = r.y + r.height;
  const mid = r.y + r.height / 2;
  p.moveTo(r.x + cut, r.y);
  p.lineTo(x1 - cut, r.y);
  p.lineTo(x1, mid);
  p.lineTo(x1 - cut, y1);
  p.lineTo(r.x + cut, y1);
  p.lineTo(r.x, mid);
  p.closePath();
}
