/**
 * Draws one node: its shape, the tile with the sign of its kind, two lines of text, its state and its badges.
 *
 * In: a placed node and the view. Out: pen calls. State is said three times: by the tile's colour, by the border, and by
 * a mark of its own shape at the corner (diamond = errors, triangle = degraded).
 */
import { mix } from '../color/contrast';
import type { Rect } from '../contract';
import { healthColor, TEXTS_FROM, type View } from './draw';
import { drawBadge, drawKind } from './glyphs';
import type { Pen } from './pen';
import { DETAIL_PX, LABEL_PX, TEXT_LEFT, type SceneNode } from './scene';
import { circle, diamond, nodeDetail, nodeOutline, roundRect, triangle } from './shapes';

const grown = (r: Rect, by: number): Rect => ({ x: r.x - by, y: r.y - by, width: r.width + 2 * by, height: r.height + 2 * by });

export function drawNode(pen: Pen, scene: SceneNode, view: View, alpha: number): void {
  const { node, rect } = scene;
  const { theme, props } = view;
  const selected = props.selected === node.id;
  const focused = view.focused === node.id;
  const hovered = view.hovered === node.id;
  const bad = node.health === 'error' || node.health === 'degraded';
  const state = healthColor(theme, node.health);
  const outline = nodeOutline(node.kind, rect);
  // An opaque ground first: edges must not shine through a node that steps back.
  pen.alpha(1);
  pen.shape(outline, { fill: node.box === undefined ? theme.bg : theme.box });
  pen.alpha(alpha);
  if (props.found?.has(node.id)) pen.shape(nodeOutline(node.kind, grown(rect, 6)), { fill: theme.accentSoft, stroke: theme.accent, width: 1.5 });
  if (focused || selected) pen.shape(nodeOutline(node.kind, grown(rect, 4)), { stroke: theme.focus, width: 2.2, ...(selected ? {} : { dash: [5, 3] }) });
  if (node.kind === 'group') {
    pen.shape(nodeOutline('group', { ...rect, x: rect.x + 5, y: rect.y + 5 }), { fill: theme.node, stroke: theme.borderStrong, width: 1 });
  }
  const border = bad ? state : selected || hovered ? theme.accent : theme.borderStrong;
  const dash = node.kind === 'unknown' || node.health === 'idle' ? [4, 4] : undefined;
  pen.shape(outline, { fill: bad ? mix(theme.node, state, theme.dark ? 0.1 : 0.05) : theme.node, stroke: border, width: bad ? 2 : 1.2, ...(dash ? { dash } : {}) });
  const detail = nodeDetail(node.kind, rect);
  if (detail) pen.shape(detail, { stroke: border, width: 1.1 });
  drawTile(pen, scene, view, state);
  if (view.zoom >= TEXTS_FROM) drawTexts(pen, scene, view, bad);
  if (view.zoom >= TEXTS_FROM) drawBadges(pen, scene, view);
  if (bad) drawMark(pen, scene, view, state);
}

function drawTile(pen: Pen, { node, rect }: SceneNode, view: View, state: string): void {
  const { theme } = view;
  const size = 26;
  const x = rect.x + (node.kind === 'cache' || node.kind === 'external' ? 13 : 10);
  const y = rect.y + (rect.height - size) / 2 + (node.kind === 'database' ? 3 : 0);
  const tint = node.color ?? (node.health === 'unknown' ? theme.accent : state);
  pen.shape((p) => roundRect(p, { x, y, width: size, height: size }, node.kind === 'external' ? 13 : 7), { fill: mix(theme.node, tint, theme.dark ? 0.22 : 0.14) });
  drawKind(pen, node.kind, x + size / 2, y + size / 2, 15, tint);
}

function drawTexts(pen: Pen, scene: SceneNode, view: View, bad: boolean): void {
  const { rect, node } = scene;
  const { theme } = view;
  const x = rect.x + TEXT_LEFT + (node.kind === 'cache' || node.kind === 'external' ? 3 : 0);
  const middle = rect.y + rect.height / 2 + (node.kind === 'database' ? 3 : 0);
  const color = node.health === 'idle' ? theme.text3 : theme.text;
  pen.text(scene.label, x, middle - (scene.detail ? 7.5 : -0.5), { sizePx: LABEL_PX, weight: 600, color });
  if (scene.detail) pen.text(scene.detail, x, middle + 8.5, { sizePx: DETAIL_PX, weight: bad ? 550 : 400, color: node.health === 'error' ? theme.error : node.health === 'degraded' ? theme.warn : theme.text3 });
}

function drawBadges(pen: Pen, { node, rect }: SceneNode, view: View): void {
  const { theme } = view;
  (node.badges ?? []).forEach((badge, i) => {
    const x = rect.x + rect.width - 14 - i * 20;
    const y = rect.y;
    const warns = badge === 'missing-context' || badge === 'insecure';
    pen.shape((p) => circle(p, x, y, 9), { fill: warns ? theme.warnSoft : theme.raised, stroke: warns ? theme.warn : theme.borderStrong, width: 1 });
    drawBadge(pen, badge, x, y, 11.5, warns ? theme.warn : theme.text2);
  });
}

/** The mark at the upper left corner grows when the map is far away: errors must be seen first. */
function drawMark(pen: Pen, { node, rect }: SceneNode, view: View, state: string): void {
  const grow = Math.min(2.4, Math.max(1, 0.55 / view.zoom));
  const x = rect.x + 4;
  const y = rect.y + 2;
  const ink = view.theme.dark ? '#0b0f14' : '#ffffff';
  if (node.health === 'error') pen.shape((p) => diamond(p, x, y, 9.5 * grow), { fill: state, stroke: view.theme.bg, width: 1.5 });
  else pen.shape((p) => triangle(p, x, y, 10 * grow), { fill: state, stroke: view.theme.bg, width: 1.5 });
  const s = grow;
  pen.shape(
    (p) => {
      p.moveTo(x, y - 4.4 * s);
      p.lineTo(x, y + 0.8 * s);
      p.moveTo(x, y + 4 * s);
      p.lineTo(x, y + 4.05 * s);
    },
    { stroke: ink, width: 1.9 * s },
  );
}
