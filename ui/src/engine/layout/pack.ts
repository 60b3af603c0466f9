/**
 * Puts the unconnected parts of a graph side by side.
 *
 * In: sizes of parts in the order they should appear. Out: the upper left corner of each. Rows (shelves) with a width
 * that brings the whole near the wanted aspect; the order is kept, so that a refresh does not shuffle the parts.
 */

export interface Size {
  width: number;
  height: number;
}

export function packParts(parts: Size[], gapPx: number, aspect: number): { x: number; y: number }[] {
  const area = parts.reduce((sum, p) => sum + (p.width + gapPx) * (p.height + gapPx), 0);
  const widest = parts.reduce((most, p) => Math.max(most, p.width), 0);
  const limit = Math.max(widest, Math.sqrt(area * aspect));
  const corners: { x: number; y: number }[] = [];
  let x = 0;
  let y = 0;
  let shelf = 0;
  for (const part of parts) {
    if (x > 0 && x + part.width > limit) {
      x = 0;
      y += shelf + gapPx;
      shelf = 0;
    }
    corners.push({ x, y });
    x += part.width + gapPx;
    shelf = Math.max(shelf, part.height);
  }
  return corners;
}
