/** Where the reader looks: world pixels to element pixels and back, zoom about a point, fit. Pure. */
import type { Rect } from '../contract';
import type { Point } from '../layout/types';

export interface Camera {
  /** World point at the element's upper left corner. */
  x: number;
  y: number;
  zoom: number;
}

export const MIN_ZOOM = 0.05;
export const MAX_ZOOM = 3;

export function toScreen(camera: Camera, p: Point): Point {
  return { x: (p.x - camera.x) * camera.zoom, y: (p.y - camera.y) * camera.zoom };
}

export function toWorld(camera: Camera, p: Point): Point {
  return { x: p.x / camera.zoom + camera.x, y: p.y / camera.zoom + camera.y };
}

/** Zooms so that the world point under `at` (element pixels) stays there. */
export function zoomAt(camera: Camera, at: Point, factor: number): Camera {
  const zoom = Math.min(MAX_ZOOM, Math.max(MIN_ZOOM, camera.zoom * factor));
  const fixed = toWorld(camera, at);
  return { x: fixed.x - at.x / zoom, y: fixed.y - at.y / zoom, zoom };
}

/** Shows all of `world` with a margin, never larger than life. */
export function fitCamera(world: Rect, width: number, height: number, marginPx: number): Camera {
  const zoom = Math.min(1.15, Math.max(MIN_ZOOM, Math.min((width - 2 * marginPx) / Math.max(1, world.width), (height - 2 * marginPx) / Math.max(1, world.height))));
  return { x: world.x + world.width / 2 - width / 2 / zoom, y: world.y + world.height / 2 - height / 2 / zoom, zoom };
}
