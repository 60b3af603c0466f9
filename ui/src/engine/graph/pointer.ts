/**
 * Mouse, pen and touch on the map: pan, zoom, hover, choose, drag a node.
 *
 * In: pointer and wheel events. Out: calls to the engine, in element pixels. Two fingers zoom; the wheel zooms, with Shift
 * it moves sideways. A press that moves less than four pixels is a click.
 */
import { Listeners } from '../contract';
import type { Point } from '../layout/types';
import type { Hit } from './hit';

export interface PointerTarget {
  hit(at: Point): Hit;
  hover(hit: Hit, at: Point): void;
  choose(hit: Hit, open: boolean): void;
  menu(hit: Hit, at: Point): void;
  pan(dx: number, dy: number): void;
  zoom(at: Point, factor: number): void;
  /** Moves a node by screen pixels; `done` when it was let go. */
  drag(id: string, dx: number, dy: number, done: boolean): void;
}

const CLICK_PX = 4;

export function listenToPointer(element: HTMLElement, target: PointerTarget): () => void {
  const listeners = new Listeners();
  const down = new Map<number, Point>();
  let pressed: { hit: Hit; start: Point; moved: boolean } | undefined;
  const at = (event: MouseEvent): Point => {
    const r = element.getBoundingClientRect();
    return { x: event.clientX - r.left, y: event.clientY - r.top };
  };
  listeners.add(element, 'pointerdown', (event) => {
    if (event.button !== 0) return;
    element.setPointerCapture(event.pointerId);
    down.set(event.pointerId, at(event));
    if (down.size === 1) pressed = { hit: target.hit(at(event)), start: at(event), moved: false };
    else pressed = undefined;
  });
  listeners.add(element, 'pointermove', (event) => {
    const here = at(event);
    const before = down.get(event.pointerId);
    if (!before) {
      if (event.pointerType !== 'touch') {
        const hit = target.hit(here);
        element.style.cursor = hit.type === 'none' ? 'grab' : 'pointer';
        target.hover(hit, here);
      }
      return;
    }
    if (down.size === 2) {
      const other = [...down].find(([id]) => id !== event.pointerId)![1];
      const was = Math.hypot(before.x - other.x, before.y - other.y);
      const is = Math.hypot(here.x - other.x, here.y - other.y);
      target.zoom({ x: (here.x + other.x) / 2, y: (here.y + other.y) / 2 }, is / Math.max(1, was));
      target.pan((here.x - before.x) / 2, (here.y - before.y) / 2);
      down.set(event.pointerId, here);
      return;
    }
    if (!pressed) return;
    if (!pressed.moved && Math.hypot(here.x - pressed.start.x, here.y - pressed.start.y) < CLICK_PX) return;
    pressed.moved = true;
    down.set(event.pointerId, here);
    element.style.cursor = 'grabbing';
    if (pressed.hit.type === 'node') target.drag(pressed.hit.id!, here.x - before.x, here.y - before.y, false);
    else target.pan(here.x - before.x, here.y - before.y);
  });
  const end = (event: PointerEvent): void => {
    if (!down.delete(event.pointerId) || !pressed) return;
    const { hit, moved } = pressed;
    pressed = undefined;
    element.style.cursor = 'grab';
    if (!moved && event.type === 'pointerup') target.choose(hit, false);
    else if (moved && hit.type === 'node') target.drag(hit.id!, 0, 0, true);
  };
  listeners.add(element, 'pointerup', end);
  listeners.add(element, 'pointercancel', end);
  listeners.add(element, 'pointerleave', (event) => {
    if (down.size === 0) target.hover({ type: 'none', id: undefined }, at(event));
  });
  listeners.add(element, 'dblclick', (event) => {
    const hit = target.hit(at(event));
    if (hit.type === 'none') target.zoom(at(event), 1.6);
    else target.choose(hit, true);
  });
  listeners.add(element, 'contextmenu', (event) => {
    event.preventDefault();
    target.menu(target.hit(at(event)), at(event));
  });
  listeners.add(
    element,
    'wheel',
    (event) => {
      event.preventDefault();
      const unit = event.deltaMode === 1 ? 16 : 1;
      if (event.shiftKey) target.pan(-(event.deltaX || event.deltaY) * unit, 0);
      else target.zoom(at(event), Math.exp(-event.deltaY * unit * (event.ctrlKey ? 0.01 : 0.0016)));
    },
    { passive: false },
  );
  return () => listeners.removeAll();
}
