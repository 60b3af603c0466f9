/**
 * Counts how often the pieces between two columns cross.
 *
 * In: layers and the place of each item in its column. Out: a number. Inversions are counted with a binary indexed tree,
 * so a column pair with E pieces costs E log E.
 */
import type { Layers } from "./layers";

/** Pieces grouped by the column of their left end. */
export function piecesByColumn(layers: Layers): Int32Array[] {
  const groups: number[][] = layers.columns.map(() => []);
  for (let e = 0; e < layers.left.length; e++) groups[layers.rank[layers.left[e]!]!]!.push(e);
  return groups.map((g) => Int32Array.from(g));
}

/** Crossings over all columns. `place` is the index of each item in its column. */
export function countCrossings(layers: Layers, groups: Int32Array[], place: Int32Array): number {
  let crossings = 0;
  for (let r = 0; r + 1 < layers.columns.length; r++) {
    const group = groups[r]!;
    if (group.length < 2) continue;
    const size = layers.columns[r + 1]!.length;
    const keys = new Float64Array(group.length);
    for (let i = 0; i < group.length; i++) {
      const e = group[i]!;
      keys[i] = place[layers.left[e]!]! * size + place[layers.right[e]!]!;
    }
    keys.sort();
    const tree = new Int32Array(size + 1);
    for (let i = 0; i < keys.length; i++) {
      const at = keys[i]! % size;
      let notAfter = 0;
      for (let k = at + 1; k > 0; k -= k & -k) notAfter += tree[k]!;
      crossings += i - notAfter;
      for (let k = at + 1; k <= size; k += k & -k) tree[k]!++;
    }
  }
  return crossings;
}
