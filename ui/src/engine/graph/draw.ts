/**
 * Draws the scene with a pen: boxes, edges, nodes, labels, in this order.
 *
 * In: scene, theme, emphasis, zoom. Out: pen calls. Far away it draws less (no labels, then no texts), because what cannot
 * be read only costs time. The state of a thing is always said by shape as well: a diamond for errors, a triangle for
 * degraded, dashes for what was not seen.
 */
import type { Rect } from '../contract';
import type { Theme } from '../theme';
import { drawNode } from './draw-node';
import type { Emphasis } from './emphasis';
import type { Pen } from './pen';
import { diamond, roundRect, triangle } from './shapes';
import { EDGE_LABEL_PX, LABEL_PX, type Scene, type SceneEdge } from './scene';
import type { GraphProps, Health } from './types';

/** Zoom below which edge labels, and below which node texts are left out. */
export const LABELS_FROM = 0.5;
export const TEXTS_FROM = 0.28;

export interface View {
  theme: Theme;
  props: GraphProps;
  emphasis: Emphasis;
  zoom: number;
  /** World rectangle that is seen; things outside are skipped. */
  seen: Rect;
  hovered: string | undefined;
  focused: string | undefined;
  /** Labels of chosen edges that found no room, by edge id. */
  extraLabels: ReadonlyMap<string, { text: string; rect: Rect }>;
}

export function healthColor(theme: Theme, health: Health): string {
  return health === 'error' ? theme.error : health === 'degraded' ? theme.warn : health === 'ok' ? theme.ok : theme.idle;
}

export function edgeColor(theme: Theme, health: Health): string {
  return health === 'error' ? theme.error : health === 'degraded' ? theme.warn : theme.edge;
}

export function drawScene(pen: Pen, scene: Scene, view: View): void {
  for (const box of scene.boxes) if (meets(box.rect, view.seen)) drawBox(pen, box, view);
  const opacity = (id: string): number => (view.emphasis.full && !view.emphasis.full.has(id) ? view.emphasis.rest : 1);
  // Stepped back first, so that what matters lies on top.
  const edges = view.emphasis.full ? [...scene.edges].sort((a, b) => opacity(a.edge.id) - opacity(b.edge.id)) : scene.edges;
  for (const edge of edges) if (edgeMeets(edge, view.seen)) drawEdge(pen, edge, view, opacity(edge.edge.id));
  for (const node of scene.nodes) if (meets(node.rect, view.seen)) drawNode(pen, node, view, opacity(node.node.id));
  if (view.zoom >= LABELS_FROM) {
    for (const edge of scene.edges) {
      const label = edge.label ?? view.extraLabels.get(edge.edge.id);
      if (label && meets(label.rect, view.seen)) drawLabel(pen, edge, label, view, opacity(edge.edge.id));
    }
  }
  pen.alpha(1);
}

function drawBox(pen: Pen, box: Scene['boxes'][number], view: View): void {
  const { theme } = view;
  const selected = view.props.selected === box.id;
  pen.alpha(1);
  pen.shape((p) => roundRect(p, box.rect, 14), { fill: theme.box, stroke: selected ? theme.accent : theme.boxBorder, width: selected ? 2 : 1 });
  if (view.zoom < 0.16) return;
  // Titles stay readable while the nodes are too small to read.
  const size = Math.min(26, Math.max(12, 10.5 / view.zoom));
  pen.text(box.label, box.rect.x + 16, box.rect.y + Math.max(18, size * 0.85), { sizePx: size, weight: 650, color: theme.text2 });
}

function drawEdge(pen: Pen, scene: SceneEdge, view: View, alpha: number): void {
  const { edge, path, line } = scene;
  const { theme, props } = view;
  const chosen = props.selected === edge.id || view.hovered === edge.id || view.focused === edge.id;
  const color = chosen ? theme.accent : edgeColor(theme, edge.health);
  const width = scene.width + (chosen ? 1.2 : 0);
  pen.alpha(alpha * (edge.health === 'idle' && !chosen ? 0.75 : 1));
  if (props.found?.has(edge.id)) pen.shape((p) => trace(p, path), { stroke: theme.accentSoft, width: width + 8 });
  const dash = edge.unseen ? [2, 6] : edge.async ? [9, 5] : undefined;
  pen.shape((p) => trace(p, path), { stroke: color, width, ...(dash ? { dash } : {}) });
  // The arrow head looks along the last part of the line.
  const n = line.points.length;
  const tip = { x: path[path.length - 2]!, y: path[path.length - 1]! };
  const back = { x: line.points[n - 4]!, y: line.points[n - 3]! };
  const d = Math.hypot(tip.x - back.x, tip.y - back.y) || 1;
  const ux = (tip.x - back.x) / d;
  const uy = (tip.y - back.y) / d;
  const long = 7 + width * 1.3;
  const half = 3.2 + width * 0.75;
  pen.shape(
    (p) => {
      p.moveTo(tip.x, tip.y);
      p.lineTo(tip.x - ux * long - uy * half, tip.y - uy * long + ux * half);
      p.lineTo(tip.x - ux * long * 0.75, tip.y - uy * long * 0.75);
      p.lineTo(tip.x - ux * long + uy * half, tip.y - uy * long - ux * half);
      p.closePath();
    },
    { fill: color },
  );
}

function drawLabel(pen: Pen, scene: SceneEdge, label: { text: string; rect: Rect }, view: View, alpha: number): void {
  if (alpha < 0.5) return;
  const { theme } = view;
  const { health } = scene.edge;
  const marked = health === 'error' || health === 'degraded';
  const r = label.rect;
  pen.alpha(1);
  pen.shape((p) => roundRect(p, r, r.height / 2), { fill: theme.edgeLabel, stroke: marked ? edgeColor(theme, health) : theme.border, width: 1 });
  const y = r.y + r.height / 2;
  if (health === 'error') pen.shape((p) => diamond(p, r.x + 12, y, 4.2), { fill: theme.error });
  if (health === 'degraded') pen.shape((p) => triangle(p, r.x + 12, y, 4.4), { fill: theme.warn });
  const color = health === 'error' ? theme.error : health === 'degraded' ? theme.warn : theme.text2;
  pen.text(label.text, r.x + (marked ? 20 : r.width / 2), y + 0.5, { sizePx: EDGE_LABEL_PX, weight: marked ? 600 : 500, color, align: marked ? 'left' : 'center' });
}

function trace(p: { moveTo(x: number, y: number): void; bezierCurveTo(a: number, b: number, c: number, d: number, x: number, y: number): void }, path: Float32Array): void {
  p.moveTo(path[0]!, path[1]!);
  for (let i = 2; i < path.length; i += 6) p.bezierCurveTo(path[i]!, path[i + 1]!, path[i + 2]!, path[i + 3]!, path[i + 4]!, path[i + 5]!);
}

export function meets(a: Rect, b: Rect): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

function edgeMeets(scene: SceneEdge, seen: Rect): boolean {
  const p = scene.line.points;
  let x0 = Infinity;
  let y0 = Infinity;
  let x1 = -Infinity;
  let y1 = -Infinity;
  for (let i = 0; i < p.length; i += 8) {
    x0 = Math.min(x0, p[i]!);
    x1 = Math.max(x1, p[i]!);
    y0 = Math.min(y0, p[i + 1]!);
    y1 = Math.max(y1, p[i + 1]!);
  }
  return x0 - 20 < seen.x + seen.width && x1 + 20 > seen.x && y0 - 20 < seen.y + seen.height && y1 + 20 > seen.y;
}

/** Least text size that `LABEL_PX` reaches on screen before texts are left out. */
export const SMALLEST_TEXT_PX = LABEL_PX * TEXTS_FROM;
