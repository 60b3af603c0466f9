/**
 * Last polish of the column order: swaps neighbours when that removes crossings.
 *
 * In: ordered layers. Out: the same, with `columns` and `place` changed. Only items that may change places are swapped:
 * two of one box, or two outside all boxes.
 */
import type { Adjacency } from "./acyclic";
import type { Layers } from "./layers";

/** Items above which the polish is left out: on such graphs it costs more than it shows. */
const MAX_ITEMS = 6000;

export function swapNeighbours(layers: Layers, toLeft: Adjacency, toRight: Adjacency, place: Int32Array): void {
  if (layers.count > MAX_ITEMS) return;
  for (let pass = 0; pass < 4; pass++) {
    let moved = false;
    for (const column of layers.columns) {
      for (let i = 0; i + 1 < column.length; i++) {
        const a = column[i]!;
        const b = column[i + 1]!;
        if (layers.box[a] !== layers.box[b]) continue;
        const now = between(toLeft, layers.left, place, a, b) + between(toRight, layers.right, place, a, b);
        const then = between(toLeft, layers.left, place, b, a) + between(toRight, layers.right, place, b, a);
        if (then < now) {
          column[i] = b;
          column[i + 1] = a;
          place[b] = i;
          place[a] = i + 1;
          moved = true;
        }
      }
    }
    if (!moved) return;
  }
}

/** Crossings of the pieces of `upper` with those of `lower` on one side. */
function between(near: Adjacency, far: Int32Array, place: Int32Array, upper: number, lower: number): number {
  let crossings = 0;
  for (let k = near.start[upper]!; k < near.start[upper + 1]!; k++) {
    const p = place[far[near.edges[k]!]!]!;
    for (let m = near.start[lower]!; m < near.start[lower + 1]!; m++) if (place[far[near.edges[m]!]!]! < p) crossings++;
  }
  return crossings;
}
