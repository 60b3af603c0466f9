/**
 * Places boxes (as rigid blocks) and the items outside them, so that no box covers anything that is not in it.
 *
 * In: layers, the y of box members relative to each other, the borders of each box in the same measure. Out: the same
 * arrays in the measure of the picture. A box keeps its place in all its columns; what the columns' order says about
 * "above" and "below" is a set of least distances, met exactly by pushing down, by pushing up, and by the mean of both.
 */
import type { Adjacency } from "./acyclic";
import { leastDistance } from "./coordinates";
import type { Layers } from "./layers";
import type { LayoutOptions } from "./types";

interface Rule {
  upper: number;
  lower: number;
  distance: number;
}

export function placeUnits(
  layers: Layers,
  toLeft: Adjacency,
  toRight: Adjacency,
  y: Float64Array,
  boxTop: Float64Array,
  boxBottom: Float64Array,
  options: LayoutOptions,
): void {
  const unitOf = new Int32Array(layers.count);
  const half: number[] = [];
  const members: number[][] = [];
  for (let b = 0; b < layers.boxCount; b++) {
    half.push((boxBottom[b]! - boxTop[b]!) / 2);
    members.push([]);
  }
  for (let v = 0; v < layers.count; v++) {
    if (layers.box[v]! >= 0) unitOf[v] = layers.box[v]!;
    else {
      unitOf[v] = members.length;
      half.push(layers.height[v]! / 2);
      members.push([]);
    }
    members[unitOf[v]!]!.push(v);
  }
  // Offsets of members from their unit's centre.
  const offset = new Float64Array(layers.count);
  for (let v = 0; v < layers.count; v++) {
    const b = layers.box[v]!;
    offset[v] = b >= 0 ? y[v]! - (boxTop[b]! + boxBottom[b]!) / 2 : 0;
  }
  const rules = distances(layers, unitOf, half, options);
  const order = topDown(members.length, rules);
  const above: Rule[][] = members.map(() => []);
  const below: Rule[][] = members.map(() => []);
  for (const rule of rules) {
    above[rule.lower]!.push(rule);
    below[rule.upper]!.push(rule);
  }
  const at = new Float64Array(members.length);
  const project = (wish: Float64Array): void => {
    const down = new Float64Array(wish.length);
    const up = new Float64Array(wish.length);
    for (const u of order) {
      let v = wish[u]!;
      for (const rule of above[u]!) v = Math.max(v, down[rule.upper]! + rule.distance);
      down[u] = v;
    }
    for (let i = order.length - 1; i >= 0; i--) {
      const u = order[i]!;
      let v = wish[u]!;
      for (const rule of below[u]!) v = Math.min(v, up[rule.lower]! - rule.distance);
      up[u] = v;
    }
    for (let u = 0; u < wish.length; u++) at[u] = (down[u]! + up[u]!) / 2;
  };
  const wishOf = (u: number): number => {
    let sum = 0;
    let mass = 0;
    for (const v of members[u]!) {
      for (let k = toLeft.start[v]!; k < toLeft.start[v + 1]!; k++) {
        const e = toLeft.edges[k]!;
        const w = layers.left[e]!;
        if (unitOf[w] === u) continue;
        sum += (at[unitOf[w]!]! + offset[w]! - offset[v]!) * layers.weight[e]!;
        mass += layers.weight[e]!;
      }
      for (let k = toRight.start[v]!; k < toRight.start[v + 1]!; k++) {
        const e = toRight.edges[k]!;
        const w = layers.right[e]!;
        if (unitOf[w] === u) continue;
        sum += (at[unitOf[w]!]! + offset[w]! - offset[v]!) * layers.weight[e]!;
        mass += layers.weight[e]!;
      }
    }
    return mass > 0 ? sum / mass : at[u]!;
  };
  project(at);
  for (let round = 0; round < 24; round++) {
    const wish = new Float64Array(members.length);
    for (let u = 0; u < wish.length; u++) wish[u] = wishOf(u);
    project(wish);
  }
  // Each unit alone, as far as its neighbours let it.
  for (let round = 0; round < 12; round++) {
    for (let i = 0; i < order.length; i++) {
      const u = order[round % 2 === 0 ? i : order.length - 1 - i]!;
      let low = -Infinity;
      let high = Infinity;
      for (const rule of above[u]!) low = Math.max(low, at[rule.upper]! + rule.distance);
      for (const rule of below[u]!) high = Math.min(high, at[rule.lower]! - rule.distance);
      at[u] = Math.min(high, Math.max(low, wishOf(u)));
    }
  }
  for (let v = 0; v < layers.count; v++) y[v] = at[unitOf[v]!]! + offset[v]!;
  for (let b = 0; b < layers.boxCount; b++) {
    boxTop[b] = at[b]! - half[b]!;
    boxBottom[b] = at[b]! + half[b]!;
  }
}

/** Least distances between the centres of units that are neighbours in some column. */
function distances(layers: Layers, unitOf: Int32Array, half: number[], options: LayoutOptions): Rule[] {
  const rules = new Map<number, Rule>();
  for (const column of layers.columns) {
    for (let i = 0; i + 1 < column.length; i++) {
      const a = column[i]!;
      const b = column[i + 1]!;
      const upper = unitOf[a]!;
      const lower = unitOf[b]!;
      if (upper === lower) continue;
      const boxed = layers.box[a]! >= 0 || layers.box[b]! >= 0;
      const distance = boxed ? half[upper]! + half[lower]! + options.boxGapPx : leastDistance(layers, a, b, options);
      const key = upper * half.length + lower;
      const known = rules.get(key);
      if (!known || known.distance < distance) rules.set(key, { upper, lower, distance });
    }
  }
  return [...rules.values()];
}

/** Units so that each comes after all that are above it. The rules have no cycle because boxes keep one order in all columns. */
function topDown(count: number, rules: Rule[]): number[] {
  const waiting = new Int32Array(count);
  const lower: number[][] = Array.from({ length: count }, () => []);
  for (const rule of rules) {
    waiting[rule.lower]!++;
    lower[rule.upper]!.push(rule.lower);
  }
  const order: number[] = [];
  for (let u = 0; u < count; u++) if (waiting[u] === 0) order.push(u);
  for (let i = 0; i < order.length; i++) for (const w of lower[order[i]!]!) if (--waiting[w]! === 0) order.push(w);
  return order;
}
