/** Invariants of the layout, on seeded graphs: nothing overlaps, columns respect edges, same in same out, stable under refresh. */
import { describe, expect, it } from "vitest";
import { seeded } from "../random";
import { layout } from "./layout";
import type { LayoutEdge, LayoutInput, LayoutNode, LayoutResult } from "./types";

function graph(seed: number, count: number, links: number, boxes: number): LayoutInput {
  const random = seeded(seed);
  const nodes: LayoutNode[] = Array.from({ length: count }, (_, i) => {
    const node: LayoutNode = { id: `n${String(i).padStart(4, "0")}`, width: 120 + Math.floor(random() * 60), height: 44 };
    const box = Math.floor(random() * (boxes + 1));
    if (boxes > 0 && box < boxes) node.box = `box${box}`;
    return node;
  });
  const edges: LayoutEdge[] = [];
  const seen = new Set<string>();
  while (edges.length < links) {
    const a = Math.floor(random() * count);
    const b = random() < 0.9 ? Math.min(count - 1, a + 1 + Math.floor(random() * 30)) : Math.floor(random() * count);
    const id = `${a}-${b}`;
    if (seen.has(id)) continue;
    seen.add(id);
    edges.push({ id, source: nodes[a]!.id, target: nodes[b]!.id });
  }
  return { nodes, edges };
}

function overlaps(input: LayoutInput, result: LayoutResult): string[] {
  const found: string[] = [];
  const at = (n: LayoutNode) => result.positions[n.id]!;
  input.nodes.forEach((a, i) => {
    for (const b of input.nodes.slice(i + 1)) {
      if (Math.abs(at(a).x - at(b).x) < (a.width + b.width) / 2 && Math.abs(at(a).y - at(b).y) < (a.height + b.height) / 2) found.push(`${a.id} ${b.id}`);
    }
    for (const box of result.boxes) {
      const inX = at(a).x + a.width / 2 > box.x && at(a).x - a.width / 2 < box.x + box.width;
      const inY = at(a).y + a.height / 2 > box.y && at(a).y - a.height / 2 < box.y + box.height;
      if (a.box === box.id && !(inX && inY)) found.push(`${a.id} outside ${box.id}`);
      if (a.box !== box.id && inX && inY) found.push(`${a.id} inside ${box.id}`);
    }
  });
  result.boxes.forEach((a, i) => {
    for (const b of result.boxes.slice(i + 1)) {
      if (a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height) found.push(`${a.id} ${b.id}`);
    }
  });
  return found;
}

const cases: [number, number, number, number][] = [
  [1, 1, 0, 0],
  [2, 12, 14, 0],
  [3, 30, 45, 1],
  [4, 60, 110, 4],
  [5, 90, 60, 6],
  [6, 120, 240, 9],
  [7, 200, 400, 0],
];

describe("layout", () => {
  it.each(cases)("keeps nodes and boxes apart (seed %i, %i nodes, %i edges, %i boxes)", (seed, n, e, b) => {
    const input = graph(seed, n, e, b);
    expect(overlaps(input, layout(input))).toEqual([]);
  });

  it.each(cases)("puts every edge left to right but the reversed ones (seed %i)", (seed, n, e, b) => {
    const input = graph(seed, n, e, b);
    const result = layout(input);
    const reversed = new Set(result.reversed);
    for (const edge of input.edges) {
      if (edge.source === edge.target) continue;
      const flow = result.ranks![edge.target]! - result.ranks![edge.source]!;
      if (reversed.has(edge.id)) expect(flow).toBeLessThan(0);
      else expect(flow).toBeGreaterThan(0);
    }
    expect(reversed.size).toBeLessThanOrEqual(input.edges.length / 2);
  });

  it("gives the same picture whatever the order of its lists", () => {
    const input = graph(4, 60, 110, 4);
    const turned = { nodes: [...input.nodes].reverse(), edges: [...input.edges].reverse() };
    expect(layout(turned)).toEqual(layout(input));
  });

  it("moves nothing when nothing changed, and nothing old when a node comes", () => {
    for (const [seed, n, e, b] of cases) {
      const input = graph(seed, n, e, b);
      const first = layout(input);
      const again = layout({ ...input, previous: first });
      expect(again.positions).toEqual(first.positions);
      expect(again.paths).toEqual(first.paths);
      expect(again.fresh).toBe(false);
      if (n < 10) continue;
      const more: LayoutInput = {
        nodes: [...input.nodes, { id: "new", width: 140, height: 44 }],
        edges: [...input.edges, { id: "x", source: input.nodes[3]!.id, target: "new" }],
        previous: first,
      };
      const next = layout(more);
      expect(overlaps(more, next)).toEqual([]);
      if (!next.fresh) for (const node of input.nodes) expect(next.positions[node.id]).toEqual(first.positions[node.id]);
    }
  });

  it("leaves pinned nodes where the user put them", () => {
    const input = graph(3, 30, 45, 0);
    const pin = { x: 1234, y: -56 };
    expect(layout({ ...input, pins: { n0004: pin } }).positions.n0004).toEqual(pin);
    const first = layout(input);
    const next = layout({ ...input, previous: first, pins: { n0004: pin } });
    expect(next.positions.n0004).toEqual(pin);
    expect(next.positions.n0005).toEqual(first.positions.n0005);
  });

  it("starts and ends each path at the borders of its nodes", () => {
    const input = graph(6, 120, 240, 5);
    const result = layout(input);
    const sizes = new Map(input.nodes.map((n) => [n.id, n]));
    for (const edge of input.edges) {
      if (edge.source === edge.target) continue;
      const path = result.paths[edge.id]!;
      const source = result.positions[edge.source]!;
      const target = result.positions[edge.target]!;
      expect(Math.abs(Math.abs(path[0]! - source.x) - sizes.get(edge.source)!.width / 2)).toBeLessThan(0.01);
      expect(Math.abs(path[1]! - source.y)).toBeLessThanOrEqual(22);
      expect(Math.abs(Math.abs(path[path.length - 2]! - target.x) - sizes.get(edge.target)!.width / 2)).toBeLessThan(0.01);
    }
  });

  it("says nothing and throws nothing about edges of unknown nodes and an empty graph", () => {
    expect(layout({ nodes: [], edges: [] })).toMatchObject({ positions: {}, boxes: [] });
    expect(layout({ nodes: [{ id: "a", width: 10, height: 10 }], edges: [{ id: "e", source: "a", target: "gone" }] }).paths).toEqual({});
  });
});
