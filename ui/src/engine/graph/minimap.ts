/**
 * The small map of the whole: nodes as marks, the seen part as a frame; a click or drag goes there.
 *
 * In: scene, camera, theme. Out: pixels on a canvas of its own and wished camera corners.
 */
import { Listeners } from '../contract';
import type { Point } from '../layout/types';
import type { Theme } from '../theme';
import type { Camera } from './camera';
import { healthColor } from './draw';
import type { Scene } from './scene';

const WIDTH = 168;
const HEIGHT = 104;
const PAD = 8;

export class Minimap {
  readonly canvas = document.createElement('canvas');
  private readonly listeners = new Listeners();
  private scale = 1;
  private origin: Point = { x: 0, y: 0 };

  constructor(goTo: (centre: Point) => void) {
    this.canvas.className = 'graph-minimap';
    this.canvas.setAttribute('aria-hidden', 'true');
    this.canvas.style.cssText = `position:absolute;right:12px;bottom:12px;width:${WIDTH}px;height:${HEIGHT}px;border-radius:8px;cursor:pointer`;
    const go = (event: PointerEvent): void => {
      if (event.buttons === 0) return;
      event.stopPropagation();
      goTo({ x: event.offsetX / this.scale + this.origin.x, y: event.offsetY / this.scale + this.origin.y });
    };
    this.listeners.add(this.canvas, 'pointerdown', (event) => {
      this.canvas.setPointerCapture(event.pointerId);
      go(event);
    });
    this.listeners.add(this.canvas, 'pointermove', go);
  }

  draw(scene: Scene, camera: Camera, seen: { width: number; height: number }, theme: Theme): void {
    const { world } = scene;
    const whole = world.width * camera.zoom <= seen.width && world.height * camera.zoom <= seen.height;
    this.canvas.style.display = whole ? 'none' : 'block';
    if (whole) return;
    const ratio = devicePixelRatio || 1;
    this.canvas.width = WIDTH * ratio;
    this.canvas.height = HEIGHT * ratio;
    const c = this.canvas.getContext('2d')!;
    this.scale = Math.min((WIDTH - 2 * PAD) / Math.max(1, world.width), (HEIGHT - 2 * PAD) / Math.max(1, world.height));
    this.origin = { x: world.x - (WIDTH / this.scale - world.width) / 2, y: world.y - (HEIGHT / this.scale - world.height) / 2 };
    c.scale(ratio, ratio);
    c.fillStyle = theme.surface;
    c.fillRect(0, 0, WIDTH, HEIGHT);
    c.scale(this.scale, this.scale);
    c.translate(-this.origin.x, -this.origin.y);
    c.fillStyle = theme.box;
    for (const { rect } of scene.boxes) c.fillRect(rect.x, rect.y, rect.width, rect.height);
    for (const { node, rect } of scene.nodes) {
      c.fillStyle = node.health === 'ok' || node.health === 'unknown' ? theme.borderStrong : healthColor(theme, node.health);
      c.fillRect(rect.x, rect.y, rect.width, rect.height);
    }
    c.strokeStyle = theme.accent;
    c.lineWidth = 1.5 / this.scale;
    c.strokeRect(camera.x, camera.y, seen.width / camera.zoom, seen.height / camera.zoom);
  }

  destroy(): void {
    this.listeners.removeAll();
    this.canvas.remove();
  }
}
