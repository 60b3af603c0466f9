/**
 * What stands on the map, ready to draw: rectangles, measured paths, placed labels, who steps back.
 *
 * In: props and a layout (or dragged positions). Out: plain data for the painter, the hit test, the dots, the keyboard and
 * `inspect()`. Pure but for the text measure that is passed in.
 */
import type { Rect } from '../contract';
import { routeDirect, routeLoop } from '../layout/route';
import type { LayoutBox, LayoutEdge, LayoutNode, LayoutResult, Point } from '../layout/types';
import { measurePath, type Polyline } from './curve';
import { placeLabels } from './labels';
import type { GraphEdge, GraphNode, GraphProps } from './types';

export type Measure = (text: string, sizePx: number, weight: number) => number;

export interface SceneNode {
  node: GraphNode;
  rect: Rect;
  /** Texts cut to the node's width. */
  label: string;
  detail: string;
}

export interface SceneEdge {
  edge: GraphEdge;
  path: Float32Array;
  line: Polyline;
  width: number;
  label?: { text: string; rect: Rect };
}

export interface Scene {
  nodes: SceneNode[];
  byId: Map<string, SceneNode>;
  edges: SceneEdge[];
  edgesById: Map<string, SceneEdge>;
  boxes: { id: string; label: string; rect: Rect }[];
  world: Rect;
}

export const NODE_HEIGHT = 46;
export const LABEL_PX = 13;
export const DETAIL_PX = 11;
/** Where a node's texts begin, from its left border. */
export const TEXT_LEFT = 44;
const TEXT_RIGHT = 15;
const MIN_WIDTH = 132;
const MAX_WIDTH = 232;
export const EDGE_LABEL_PX = 11;

/** Sizes for the layout: by the label alone, so that changing numbers never move anything. */
export function layoutNodes(nodes: readonly GraphNode[], measure: Measure): LayoutNode[] {
  return nodes.map((node) => ({
    id: node.id,
    width: Math.ceil(Math.min(MAX_WIDTH, Math.max(MIN_WIDTH, TEXT_LEFT + measure(node.label, LABEL_PX, 600) + TEXT_RIGHT + (node.badges?.length ?? 0) * 6))),
    height: NODE_HEIGHT,
    ...(node.box === undefined ? {} : { box: node.box }),
  }));
}

export function layoutEdges(edges: readonly GraphEdge[]): LayoutEdge[] {
  return edges.map(({ id, source, target }) => ({ id, source, target }));
}

export function buildScene(props: GraphProps, sizes: readonly LayoutNode[], laid: LayoutResult, boxes: readonly LayoutBox[], moved: ReadonlyMap<string, Point>, measure: Measure): Scene {
  const size = new Map(sizes.map((s) => [s.id, s]));
  const nodes: SceneNode[] = [];
  const byId = new Map<string, SceneNode>();
  for (const node of props.nodes) {
    const at = moved.get(node.id) ?? laid.positions[node.id];
    const s = size.get(node.id);
    if (!at || !s) continue;
    const room = s.width - TEXT_LEFT - TEXT_RIGHT + 5;
    const scene: SceneNode = {
      node,
      rect: { x: at.x - s.width / 2, y: at.y - s.height / 2, width: s.width, height: s.height },
      label: cut(node.label, room, (t) => measure(t, LABEL_PX, 600)),
      detail: node.detail ? cut(node.detail, room, (t) => measure(t, DETAIL_PX, 400)) : '',
    };
    nodes.push(scene);
    byId.set(node.id, scene);
  }
  const busiest = props.edges.reduce((most, e) => Math.max(most, e.rate), 0);
  const edges: SceneEdge[] = [];
  const edgesById = new Map<string, SceneEdge>();
  for (const edge of props.edges) {
    const source = byId.get(edge.source);
    const target = byId.get(edge.target);
    if (!source || !target) continue;
    const kept = moved.has(edge.source) || moved.has(edge.target) ? undefined : laid.paths[edge.id];
    const path = kept ?? direct(source.rect, target.rect, edge);
    const scene: SceneEdge = { edge, path, line: measurePath(path), width: lineWidth(edge.rate, busiest) };
    edges.push(scene);
    edgesById.set(edge.id, scene);
  }
  if (props.edgeLabels) placeLabels(edges, nodes, (text) => measure(text, EDGE_LABEL_PX, 500));
  const shown = boxes.map((b) => ({ id: b.id, label: props.boxLabels?.[b.id] ?? b.id, rect: { x: b.x, y: b.y, width: b.width, height: b.height } }));
  return { nodes, byId, edges, edgesById, boxes: shown, world: around(nodes, edges, shown) };
}

function direct(source: Rect, target: Rect, edge: GraphEdge): Float32Array {
  const end = (r: Rect) => ({ x: r.x + r.width / 2, y: r.y + r.height / 2, width: r.width, height: r.height });
  return edge.source === edge.target ? routeLoop(end(source)) : routeDirect(end(source), end(target));
}

/** 1.3 to 4.2 px: by the logarithm, because rates on one map differ by thousands. */
export function lineWidth(rate: number, busiest: number): number {
  if (!(rate > 0) || !(busiest > 0)) return 1.3;
  return 1.3 + 2.9 * Math.max(0, 1 + Math.log10(rate / busiest) / 3);
}

/** The longest beginning that fits, with an ellipsis; whole when it fits. Never splits a character. */
export function cut(text: string, room: number, width: (text: string) => number): string {
  if (width(text) <= room) return text;
  const characters = Array.from(text);
  let low = 0;
  let high = characters.length;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (width(`${characters.slice(0, middle).join('')}\u2026`) <= room) low = middle;
    else high = middle - 1;
  }
  return `${characters.slice(0, low).join('')}\u2026`;
}

function around(nodes: SceneNode[], edges: SceneEdge[], boxes: Scene['boxes']): Rect {
  let x0 = Infinity;
  let y0 = Infinity;
  let x1 = -Infinity;
  let y1 = -Infinity;
  const add = (ax: number, ay: number, bx: number, by: number): void => {
    x0 = Math.min(x0, ax);
    y0 = Math.min(y0, ay);
    x1 = Math.max(x1, bx);
    y1 = Math.max(y1, by);
  };
  for (const { rect } of [...nodes, ...boxes]) add(rect.x, rect.y, rect.x + rect.width, rect.y + rect.height);
  for (const { line } of edges) for (let i = 0; i < line.points.length; i += 2) add(line.points[i]!, line.points[i + 1]!, line.points[i]!, line.points[i + 1]!);
  return x0 === Infinity ? { x: 0, y: 0, width: 0, height: 0 } : { x: x0, y: y0, width: x1 - x0, height: y1 - y0 };
}
