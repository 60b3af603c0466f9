/**
 * What is under a point of the map.
 *
 * In: scene and world point. Out: a node first, then an edge's label or line, then a box. Edges have a width of at least
 * six screen pixels to each side, so that a mouse can hold them.
 */
import type { Point } from '../layout/types';
import { distanceTo } from './curve';
import type { Scene } from './scene';

export interface Hit {
  type: 'node' | 'edge' | 'box' | 'none';
  id: string | undefined;
}

const REACH_PX = 6;

export function hitTest(scene: Scene, at: Point, zoom: number): Hit {
  for (let i = scene.nodes.length - 1; i >= 0; i--) {
    const { rect, node } = scene.nodes[i]!;
    if (at.x >= rect.x && at.x <= rect.x + rect.width && at.y >= rect.y && at.y <= rect.y + rect.height) return { type: 'node', id: node.id };
  }
  const reach = REACH_PX / zoom;
  let best: string | undefined;
  let bestDistance = Infinity;
  for (const { edge, line, label, width } of scene.edges) {
    const r = label?.rect;
    if (r && at.x >= r.x && at.x <= r.x + r.width && at.y >= r.y && at.y <= r.y + r.height) return { type: 'edge', id: edge.id };
    const distance = distanceTo(line, at) - width / 2;
    if (distance < reach && distance < bestDistance) {
      best = edge.id;
      bestDistance = distance;
    }
  }
  if (best !== undefined) return { type: 'edge', id: best };
  for (const { rect, id } of scene.boxes) {
    // Only the title's strip: the rest of a box is ground to drag the map by.
    if (at.x >= rect.x && at.x <= rect.x + rect.width && at.y >= rect.y && at.y <= rect.y + 30) return { type: 'box', id };
  }
  return { type: 'none', id: undefined };
}
