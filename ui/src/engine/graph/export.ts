/**
 * Pictures of the whole map: SVG as text, PNG as a blob, both from the scene that is on the screen.
 *
 * In: scene and view. Out: a file's content. Nothing hovered or focused is drawn, and always with all texts and labels.
 */
import type { Rect } from '../contract';
import { drawScene, type View } from './draw';
import { CanvasPen, SvgPen } from './pen';
import type { Scene } from './scene';

const MARGIN_PX = 32;
/** Longest side of a PNG, px: browsers refuse much larger canvases. */
const MAX_SIDE_PX = 12_000;

export function sceneToSvg(scene: Scene, view: View, title: string): string {
  const pen = new SvgPen(view.theme.font);
  drawScene(pen, scene, whole(view, scene.world));
  return pen.document(frame(scene.world), view.theme.bg, title);
}

export async function sceneToPng(scene: Scene, view: View, scale: number): Promise<Blob> {
  const area = frame(scene.world);
  const factor = Math.min(scale, MAX_SIDE_PX / Math.max(area.width, area.height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(area.width * factor));
  canvas.height = Math.max(1, Math.round(area.height * factor));
  const context = canvas.getContext('2d')!;
  context.fillStyle = view.theme.bg;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.setTransform(factor, 0, 0, factor, -area.x * factor, -area.y * factor);
  drawScene(new CanvasPen(context, view.theme.font), scene, whole(view, scene.world));
  return new Promise((resolve, reject) => canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('the browser made no picture'))), 'image/png'));
}

function whole(view: View, world: Rect): View {
  return { ...view, zoom: 1, seen: frame(world), hovered: undefined, focused: undefined, emphasis: view.hovered === undefined ? view.emphasis : { full: undefined, rest: 1 } };
}

function frame(world: Rect): Rect {
  return { x: world.x - MARGIN_PX, y: world.y - MARGIN_PX, width: world.width + 2 * MARGIN_PX, height: world.height + 2 * MARGIN_PX };
}
