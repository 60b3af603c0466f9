/**
 * Orders the items of each column so that few edges cross.
 *
 * In: layers. Out: the same layers with `columns` reordered. Barycentre sweeps from both sides keep the best order seen;
 * items of one box stay side by side and boxes keep one order in all columns, so that each box can be a rectangle.
 */
import { adjacency, type Adjacency } from "./acyclic";
import { countCrossings, piecesByColumn } from "./crossings";
import type { Layers } from "./layers";
import { swapNeighbours } from "./transpose";

/** Sweeps without a better order after which the search ends. */
const PATIENCE = 5;
const MAX_SWEEPS = 24;

export function orderColumns(layers: Layers): void {
  const place = new Int32Array(layers.count);
  const groups = piecesByColumn(layers);
  const toLeft = adjacency(layers.count, layers.right);
  const toRight = adjacency(layers.count, layers.left);
  startOrder(layers, toRight);
  settle(layers, place);
  if (layers.boxCount === 0) {
    sweepUntilStill(layers, groups, toLeft, toRight, place, undefined);
  } else {
    // Without boxes first: where the members want to be decides the order of the boxes.
    sweepUntilStill(layers, groups, toLeft, toRight, place, undefined);
    const boxPlace = orderBoxes(layers, place);
    for (const column of layers.columns) arrange(layers, column, (i) => place[i]!, boxPlace);
    settle(layers, place);
    sweepUntilStill(layers, groups, toLeft, toRight, place, boxPlace);
  }
  swapNeighbours(layers, toLeft, toRight, place);
}

function settle(layers: Layers, place: Int32Array): void {
  for (const column of layers.columns) for (let i = 0; i < column.length; i++) place[column[i]!] = i;
}

/** Depth-first from the left: neighbours start near each other. */
function startOrder(layers: Layers, toRight: Adjacency): void {
  const seen = new Uint8Array(layers.count);
  const columns: number[][] = layers.columns.map(() => []);
  const visit = (start: number): void => {
    const stack = [start];
    while (stack.length > 0) {
      const v = stack.pop()!;
      if (seen[v]) continue;
      seen[v] = 1;
      columns[layers.rank[v]!]!.push(v);
      for (let k = toRight.start[v + 1]! - 1; k >= toRight.start[v]!; k--) stack.push(layers.right[toRight.edges[k]!]!);
    }
  };
  for (const column of layers.columns) for (const v of column) visit(v);
  layers.columns.splice(0, layers.columns.length, ...columns);
}

function sweepUntilStill(
  layers: Layers,
  groups: Int32Array[],
  toLeft: Adjacency,
  toRight: Adjacency,
  place: Int32Array,
  boxPlace: Int32Array | undefined,
): void {
  let best = layers.columns.map((c) => c.slice());
  let bestCrossings = countCrossings(layers, groups, place);
  let still = 0;
  const centre = new Float64Array(layers.count);
  for (let sweep = 0; sweep < MAX_SWEEPS && bestCrossings > 0 && still < PATIENCE; sweep++) {
    const rightward = sweep % 2 === 0;
    const last = layers.columns.length - 1;
    for (let step = 1; step <= last; step++) {
      const r = rightward ? step : last - step;
      const column = layers.columns[r]!;
      const near = rightward ? toLeft : toRight;
      const far = rightward ? layers.left : layers.right;
      for (const v of column) {
        let sum = 0;
        const degree = near.start[v + 1]! - near.start[v]!;
        for (let k = near.start[v]!; k < near.start[v + 1]!; k++) sum += place[far[near.edges[k]!]!]!;
        // An item without neighbours on that side keeps its share of the column.
        centre[v] = degree > 0 ? sum / degree : (place[v]! / column.length) * layers.columns[rightward ? r - 1 : r + 1]!.length;
      }
      arrange(layers, column, (i) => centre[i]!, boxPlace);
      for (let i = 0; i < column.length; i++) place[column[i]!] = i;
    }
    const crossings = countCrossings(layers, groups, place);
    if (crossings < bestCrossings) {
      bestCrossings = crossings;
      best = layers.columns.map((c) => c.slice());
      still = 0;
    } else still++;
  }
  layers.columns.splice(0, layers.columns.length, ...best);
  settle(layers, place);
}

interface Unit {
  key: number;
  at: number;
  box: number;
  items: number[];
}

/** Sorts one column by `key`, box members side by side and boxes in their fixed order. Equal keys keep their order. */
function arrange(layers: Layers, column: number[], key: (item: number) => number, boxPlace: Int32Array | undefined): void {
  if (!boxPlace) {
    const at = new Map(column.map((v, i) => [v, i]));
    column.sort((a, b) => key(a) - key(b) || at.get(a)! - at.get(b)!);
    return;
  }
  const units: Unit[] = [];
  const ofBox = new Map<number, Unit>();
  column.forEach((v, at) => {
    const box = layers.box[v]!;
    const known = box >= 0 ? ofBox.get(box) : undefined;
    if (known) {
      known.items.push(v);
      return;
    }
    const unit: Unit = { key: 0, at, box, items: [v] };
    units.push(unit);
    if (box >= 0) ofBox.set(box, unit);
  });
  for (const unit of units) {
    unit.key = unit.items.reduce((sum, v) => sum + key(v), 0) / unit.items.length;
    if (unit.items.length > 1) {
      const at = new Map(unit.items.map((v, i) => [v, i]));
      unit.items.sort((a, b) => key(a) - key(b) || at.get(a)! - at.get(b)!);
    }
  }
  units.sort((a, b) => a.key - b.key || a.at - b.at);
  const boxes = units.filter((u) => u.box >= 0).sort((a, b) => boxPlace[a.box]! - boxPlace[b.box]!);
  let next = 0;
  const sorted = units.map((u) => (u.box >= 0 ? boxes[next++]! : u));
  let i = 0;
  for (const unit of sorted) for (const v of unit.items) column[i++] = v;
}

/** Place of each box from top to bottom: where its members are on average, improved by swaps of neighbours that shorten edges between boxes. */
function orderBoxes(layers: Layers, place: Int32Array): Int32Array {
  const n = layers.boxCount;
  const sum = new Float64Array(n);
  const members = new Float64Array(n);
  for (let v = 0; v < layers.nodeCount; v++) {
    const b = layers.box[v]!;
    if (b < 0) continue;
    sum[b]! += (place[v]! + 0.5) / layers.columns[layers.rank[v]!]!.length;
    members[b]!++;
  }
  const order = Array.from({ length: n }, (_, b) => b).sort((a, b) => sum[a]! / members[a]! - sum[b]! / members[b]! || a - b);
  const between = new Float64Array(n * n);
  for (const chain of layers.chains) {
    const a = layers.box[chain[0]!]!;
    const b = layers.box[chain[chain.length - 1]!]!;
    if (a < 0 || b < 0 || a === b) continue;
    between[a * n + b]!++;
    between[b * n + a]!++;
  }
  for (let pass = 0; pass < n; pass++) {
    let moved = false;
    for (let i = 0; i + 1 < n; i++) {
      const a = order[i]!;
      const b = order[i + 1]!;
      let gain = 0;
      for (let j = 0; j < n; j++) {
        if (j === i || j === i + 1) continue;
        const c = order[j]!;
        const towards = j < i ? 1 : -1;
        gain += towards * (between[b * n + c]! - between[a * n + c]!);
      }
      if (gain > 0) {
        order[i] = b;
        order[i + 1] = a;
        moved = true;
      }
    }
    if (!moved) break;
  }
  const boxPlace = new Int32Array(n);
  order.forEach((b, i) => (boxPlace[b] = i));
  return boxPlace;
}
