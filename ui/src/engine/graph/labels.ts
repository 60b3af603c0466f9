/**
 * Finds room for the labels of edges.
 *
 * In: measured edges and nodes. Out: a rectangle per label, where one fits without covering a node or another label.
 * Tries along the line, the middle first; a label that fits nowhere is left out (it shows when its edge is chosen),
 * because two labels on each other say less than none. Errors and busy edges choose first.
 */
import type { Rect } from '../contract';
import { pointAt } from './curve';
import type { SceneEdge, SceneNode } from './scene';

const TRIES = [0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74, 0.18, 0.82];
const CELL_PX = 128;
const HEIGHT_PX = 18;
const PAD_PX = 7;

export function placeLabels(edges: SceneEdge[], nodes: readonly SceneNode[], width: (text: string) => number): void {
  const taken = new Map<string, Rect[]>();
  const cells = (r: Rect): string[] => {
    const keys: string[] = [];
    for (let cx = Math.floor(r.x / CELL_PX); cx <= Math.floor((r.x + r.width) / CELL_PX); cx++) {
      for (let cy = Math.floor(r.y / CELL_PX); cy <= Math.floor((r.y + r.height) / CELL_PX); cy++) keys.push(`${cx},${cy}`);
    }
    return keys;
  };
  const take = (r: Rect): void => {
    for (const key of cells(r)) {
      const list = taken.get(key);
      if (list) list.push(r);
      else taken.set(key, [r]);
    }
  };
  const free = (r: Rect): boolean =>
    cells(r).every((key) => !(taken.get(key) ?? []).some((o) => r.x < o.x + o.width + 3 && o.x < r.x + r.width + 3 && r.y < o.y + o.height + 2 && o.y < r.y + r.height + 2));
  for (const node of nodes) take(node.rect);
  const weight = { error: 3, degraded: 2, ok: 1, unknown: 1, idle: 0 };
  const order = [...edges].sort((a, b) => weight[b.edge.health] - weight[a.edge.health] || b.edge.rate - a.edge.rate || (a.edge.id < b.edge.id ? -1 : 1));
  for (const scene of order) {
    if (!scene.edge.label) continue;
    const w = Math.ceil(width(scene.edge.label)) + PAD_PX * 2 + (scene.edge.health === 'error' || scene.edge.health === 'degraded' ? 13 : 0);
    for (const share of TRIES) {
      const at = pointAt(scene.line, share);
      const rect = { x: at.x - w / 2, y: at.y - HEIGHT_PX / 2, width: w, height: HEIGHT_PX };
      if (!free(rect)) continue;
      take(rect);
      scene.label = { text: scene.edge.label, rect };
      break;
    }
  }
}

/** Where the label of a chosen edge goes when it found no room: the middle, over whatever is there. */
export function labelInTheMiddle(scene: SceneEdge, width: (text: string) => number): { text: string; rect: Rect } | undefined {
  if (!scene.edge.label) return undefined;
  const at = pointAt(scene.line, 0.5);
  const w = Math.ceil(width(scene.edge.label)) + PAD_PX * 2 + (scene.edge.health === 'error' || scene.edge.health === 'degraded' ? 13 : 0);
  return { text: scene.edge.label, rect: { x: at.x - w / 2, y: at.y - HEIGHT_PX / 2, width: w, height: HEIGHT_PX } };
}
