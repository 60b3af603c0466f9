/**
 * Gives every item its height in the picture (y), in three steps: inside each box, then boxes and free items together,
 * then the y of everything.
 *
 * In: layers with ordered columns. Out: y per item and the upper and lower border of each box. Items want to be level
 * with their neighbours, bends of one edge most of all, so that long edges run straight.
 */
import { adjacency, type Adjacency } from "./acyclic";
import { placeChain } from "./isotonic";
import type { Layers } from "./layers";
import type { LayoutOptions } from "./types";
import { placeUnits } from "./units";

export interface Heights {
  y: Float64Array;
  boxTop: Float64Array;
  boxBottom: Float64Array;
}

export function assignHeights(layers: Layers, options: LayoutOptions): Heights {
  const y = new Float64Array(layers.count);
  const toLeft = adjacency(layers.count, layers.right);
  const toRight = adjacency(layers.count, layers.left);
  const boxTop = new Float64Array(layers.boxCount);
  const boxBottom = new Float64Array(layers.boxCount);
  if (layers.boxCount === 0) {
    refine(layers, layers.columns, toLeft, toRight, y, options, () => true);
    return { y, boxTop, boxBottom };
  }
  for (let b = 0; b < layers.boxCount; b++) {
    const columns = layers.columns.map((column) => column.filter((v) => layers.box[v] === b));
    refine(layers, columns, toLeft, toRight, y, options, (v) => layers.box[v] === b);
    let top = Infinity;
    let bottom = -Infinity;
    for (const column of columns) {
      for (const v of column) {
        top = Math.min(top, y[v]! - layers.height[v]! / 2);
        bottom = Math.max(bottom, y[v]! + layers.height[v]! / 2);
      }
    }
    boxTop[b] = top - options.boxPadPx - options.boxTitlePx;
    boxBottom[b] = bottom + options.boxPadPx;
  }
  placeUnits(layers, toLeft, toRight, y, boxTop, boxBottom, options);
  return { y, boxTop, boxBottom };
}

/** Least distance between the centres of two neighbours of a column. */
export function leastDistance(layers: Layers, a: number, b: number, options: LayoutOptions): number {
  const bends = (a >= layers.nodeCount ? 1 : 0) + (b >= layers.nodeCount ? 1 : 0);
  const gap = bends === 0 ? options.nodeGapPx : bends === 1 ? options.nodeGapPx * 0.6 : 4;
  return (layers.height[a]! + layers.height[b]!) / 2 + gap;
}

/** Sweeps over the columns: each column is placed as near as its order allows to the mean of its neighbours. */
function refine(
  layers: Layers,
  columns: number[][],
  toLeft: Adjacency,
  toRight: Adjacency,
  y: Float64Array,
  options: LayoutOptions,
  belongs: (item: number) => boolean,
): void {
  const gaps = columns.map((column) => {
    const g = new Float64Array(column.length);
    for (let i = 0; i + 1 < column.length; i++) g[i] = leastDistance(layers, column[i]!, column[i + 1]!, options);
    return g;
  });
  for (let r = 0; r < columns.length; r++) {
    let at = 0;
    const column = columns[r]!;
    column.forEach((v, i) => {
      y[v] = at;
      at += gaps[r]![i]!;
    });
    const half = column.length > 0 ? (y[column[column.length - 1]!]! + y[column[0]!]!) / 2 : 0;
    for (const v of column) y[v]! -= half;
  }
  const one = (r: number, useLeft: boolean, useRight: boolean): void => {
    const column = columns[r]!;
    if (column.length === 0) return;
    const wishes = new Float64Array(column.length);
    const weights = new Float64Array(column.length);
    column.forEach((v, i) => {
      let sum = 0;
      let mass = 0;
      if (useLeft) {
        for (let k = toLeft.start[v]!; k < toLeft.start[v + 1]!; k++) {
          const e = toLeft.edges[k]!;
          const u = layers.left[e]!;
          if (!belongs(u)) continue;
          sum += y[u]! * layers.weight[e]!;
          mass += layers.weight[e]!;
        }
      }
      if (useRight) {
        for (let k = toRight.start[v]!; k < toRight.start[v + 1]!; k++) {
          const e = toRight.edges[k]!;
          const u = layers.right[e]!;
          if (!belongs(u)) continue;
          sum += y[u]! * layers.weight[e]!;
          mass += layers.weight[e]!;
        }
      }
      wishes[i] = mass > 0 ? sum / mass : y[v]!;
      weights[i] = mass > 0 ? mass : 0.01;
    });
    placeChain(wishes, weights, gaps[r]!);
    column.forEach((v, i) => (y[v] = wishes[i]!));
  };
  for (let sweep = 0; sweep < 6; sweep++) {
    for (let r = 1; r < columns.length; r++) one(r, true, false);
    for (let r = columns.length - 2; r >= 0; r--) one(r, false, true);
  }
  for (let sweep = 0; sweep < 8; sweep++) {
    if (sweep % 2 === 0) for (let r = 0; r < columns.length; r++) one(r, true, true);
    else for (let r = columns.length - 1; r >= 0; r--) one(r, true, true);
  }
}
