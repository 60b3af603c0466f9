/**
 * Moves the keyboard's focus over the map.
 *
 * In: scene, the focused node and a key. Out: the next node. Right follows calls, left goes back to callers (the one most
 * level with this one, then around with up and down among its column), so that the map can be read without a mouse.
 */
import type { Scene, SceneNode } from './scene';

export type Arrow = 'ArrowLeft' | 'ArrowRight' | 'ArrowUp' | 'ArrowDown';

export function moveFocus(scene: Scene, focused: string | undefined, key: Arrow): string | undefined {
  const from = focused === undefined ? undefined : scene.byId.get(focused);
  if (!from) return firstNode(scene);
  if (key === 'ArrowLeft' || key === 'ArrowRight') {
    const ends = scene.edges
      .filter(({ edge }) => edge.source !== edge.target && (key === 'ArrowRight' ? edge.source : edge.target) === focused)
      .map(({ edge }) => scene.byId.get(key === 'ArrowRight' ? edge.target : edge.source)!);
    return nearest(ends, from)?.node.id ?? focused;
  }
  const down = key === 'ArrowDown';
  const column = scene.nodes.filter((n) => n !== from && Math.abs(centreX(n) - centreX(from)) < (n.rect.width + from.rect.width) / 2 && (down ? n.rect.y > from.rect.y : n.rect.y < from.rect.y));
  return nearest(column, from)?.node.id ?? focused;
}

/** Upper left in reading order: where a walk begins. */
export function firstNode(scene: Scene): string | undefined {
  let best: SceneNode | undefined;
  for (const node of scene.nodes) if (!best || node.rect.x < best.rect.x - 20 || (Math.abs(node.rect.x - best.rect.x) <= 20 && node.rect.y < best.rect.y)) best = node;
  return best?.node.id;
}

function nearest(nodes: SceneNode[], from: SceneNode): SceneNode | undefined {
  let best: SceneNode | undefined;
  const cost = (n: SceneNode): number => Math.abs(n.rect.y - from.rect.y) + Math.abs(n.rect.x - from.rect.x) * 0.25;
  for (const node of nodes) if (!best || cost(node) < cost(best) || (cost(node) === cost(best) && node.node.id < best.node.id)) best = node;
  return best;
}

function centreX(n: SceneNode): number {
  return n.rect.x + n.rect.width / 2;
}
