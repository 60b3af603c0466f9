/**
 * Rectangles around the nodes of each box, from where the nodes are now.
 *
 * In: nodes with centres. Out: boxes, sorted by name; and whether a box covers something that is not in it.
 */
import type { LayoutBox, LayoutNode, LayoutOptions, Point } from "./types";

export function boxesAround(nodes: readonly LayoutNode[], positions: (id: string) => Point | undefined, options: LayoutOptions): LayoutBox[] {
  const borders = new Map<string, [number, number, number, number]>();
  for (const node of nodes) {
    const at = positions(node.id);
    if (node.box === undefined || !at) continue;
    const b = borders.get(node.box) ?? [Infinity, Infinity, -Infinity, -Infinity];
    b[0] = Math.min(b[0], at.x - node.width / 2);
    b[1] = Math.min(b[1], at.y - node.height / 2);
    b[2] = Math.max(b[2], at.x + node.width / 2);
    b[3] = Math.max(b[3], at.y + node.height / 2);
    borders.set(node.box, b);
  }
  return [...borders]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([id, [x0, y0, x1, y1]]) => ({
      id,
      x: x0 - options.boxPadPx,
      y: y0 - options.boxPadPx - options.boxTitlePx,
      width: x1 - x0 + 2 * options.boxPadPx,
      height: y1 - y0 + 2 * options.boxPadPx + options.boxTitlePx,
    }));
}

/** Whether two boxes touch, or a box covers a node that is not in it. */
export function boxesCollide(boxes: readonly LayoutBox[], nodes: readonly LayoutNode[], positions: (id: string) => Point | undefined): boolean {
  for (let i = 0; i < boxes.length; i++) {
    const a = boxes[i]!;
    for (let j = i + 1; j < boxes.length; j++) {
      const b = boxes[j]!;
      if (a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height) return true;
    }
    for (const node of nodes) {
      const at = positions(node.id);
      if (!at || node.box === a.id) continue;
      if (Math.abs(at.x - a.x - a.width / 2) < (a.width + node.width) / 2 && Math.abs(at.y - a.y - a.height / 2) < (a.height + node.height) / 2) return true;
    }
  }
  return false;
}
